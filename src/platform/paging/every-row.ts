/**
 * All rows of an ordered list, of which no more than one page is held at a time, however slowly they are taken.
 * @param least how many rows a page has that is not the last
 * @param readAfter the rows behind one; without it the first ones
 */
export async function* everyRow<Row>(
  least: number,
  readAfter: (last: Row | undefined) => Promise<readonly Row[]>,
): AsyncGenerator<Row> {
  for (let last: Row | undefined; ;) {
    const page = await readAfter(last);
    yield* page;
    if (page.length < least) return;
    last = page.at(-1);
  }
}
