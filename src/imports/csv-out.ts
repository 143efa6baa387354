/** Tables for people who open them in a spreadsheet. Pure. */

/** A cell that begins like a formula is one to a spreadsheet, whoever wrote it; a quote before it makes it text. */
export function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  const defused = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}

export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** A table line by line, the header first. */
export async function* csvOf<T>(
  columns: readonly string[],
  values: AsyncIterable<T>,
  cellsOf: (value: T) => readonly (readonly (string | number | null)[])[],
): AsyncGenerator<string> {
  yield csvLine(columns);
  for await (const value of values) yield cellsOf(value).map(csvLine).join('');
}
