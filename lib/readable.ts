/** `ReadableStream.from` of the Streams standard, which the type libraries of the runtimes do not all know. */
const { from } = ReadableStream as unknown as {
  from<T>(values: AsyncIterable<T> | Iterable<T>): ReadableStream<T>;
};

/** A stream of values that takes the next one only when it is asked for it, and tells the source when it is cancelled. */
export function readableFrom<T>(values: AsyncIterable<T> | Iterable<T>): ReadableStream<T> {
  return from.call(ReadableStream, values) as ReadableStream<T>;
}
