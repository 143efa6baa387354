/** One line of the table: our rate over the baseline's, in operations a second of the same run. */
export interface Ratio {
  readonly name: string;
  readonly ours: number;
  readonly baseline: number;
  readonly target: number;
  /** What was compared with what, and what else a reader should know. */
  readonly note: string;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function rate(value: number): string {
  return `${Math.round(value).toLocaleString('en')}/s`;
}

/** The table for people: ratio, target, and by how much a target was missed. */
export function table(ratios: readonly Ratio[]): string {
  const rows = ratios.map(({ name, ours, baseline, target }) => {
    const ratio = ours / baseline;
    const verdict = ratio >= target ? 'reached' : `MISSED by ${(100 * (1 - ratio / target)).toFixed(0)} %`;
    return [name, `${ratio.toFixed(2)} ×`, `≥ ${target} ×`, verdict, rate(ours), rate(baseline)];
  });
  const lines = [['what', 'ratio', 'target', '', 'ours', 'baseline'], ...rows];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return [...text, '', ...ratios.map(({ name, note }) => `${name}: ${note}`)].join('\n');
}
