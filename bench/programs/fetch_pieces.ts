/** Sends pieces in one POST by the `fetch` of the runtime, each when the one before was taken; returns the status. */
export async function fetchPieces(
  url: string,
  pieces: Iterator<Uint8Array<ArrayBuffer>>,
): Promise<number> {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const { done, value } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  }, { highWaterMark: 0 });
  const options = { method: "POST", body, duplex: "half" };
  const answer = await fetch(url, options as RequestInit);
  await answer.text();
  return answer.status;
}
