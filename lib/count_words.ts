/** A number of things in words: `1 fragment`, `2 fragments`. */
export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
