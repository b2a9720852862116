/** The median of some figures. */
export function median(figures) {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The figure that a quarter of them are below: near to what a busy machine, which only ever adds, would do when it is quiet. */
export function lowerQuartile(figures) {
  return figures.toSorted((a, b) => a - b)[figures.length >> 2];
}

/** Prints rows as columns of text, the first row being their names. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  const line = (row) =>
    row.map((cell, column) => String(cell)[column ? 'padStart' : 'padEnd'](widths[column])).join('  ');
  return rows.map(line).join('\n');
}
