/**
 * All rows of an ordered list, of which no more than one page is held at a time, however slowly they are taken.
 * @param size how many rows `readAfter` answers at most
 * @param readAfter the rows behind one; without it the first ones. Fewer than `size` are the last.
 */
export async function* everyRow<Row>(
  size: number,
  readAfter: (last: Row | undefined) => Promise<readonly Row[]>,
): AsyncGenerator<Row> {
  for (let last: Row | undefined; ;) {
    const page = await readAfter(last);
    yield* page;
    if (page.length < size) return;
    last = page.at(-1);
  }
}
