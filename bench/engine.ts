import type { Ratio } from './support/report.ts';
export async function benchEngine(): Promise<Ratio[]> {
  return [];
}
