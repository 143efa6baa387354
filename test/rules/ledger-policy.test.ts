import { describe, expect, it } from 'vitest';
import { loadPack, loadPacks, PackError } from '../../src/policy/load.ts';
import { packText } from '../support/pack.ts';

const LEDGER = `  ledger:
    allocation:
      bands: [{ upToDaysPastDue: 90, order: [charges, principal] }, { order: [principal, charges] }]
      charges: [annual_fee, cash_fee, other_fee, penalty, interest]
      principal: [retail, cash_advance, instalment]
      source: law
      confidence: text read
    interest: { dayCount: ACT/365F, compound: true, source: law, confidence: policy }
    minimumPayment: { principalRate: "0.10", floor: "0.00", source: law, confidence: policy }
    distribution: { order: [past_due, due, balance], source: law, confidence: policy }
`;
const ACCOUNT = 'account: { graceDays: 3, graceAmount: "10.00", bucketDays: 30, mildUpToBucket: 3 }\n';
const OPEN = `account:\n  graceDays: 3\n  graceAmount: "10.00"\n  bucketDays: 30\n  mildUpToBucket: 3\n`;
const SOURCE = packText({ version: '2026-01-01', account: true }).replace(ACCOUNT, OPEN + LEDGER);

function refusal(from: string, to: string): string {
  expect(SOURCE).toContain(from);
  try {
    loadPack(SOURCE.replace(from, to), 'zz.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(PackError);
    return (error as Error).message.replace(/^zz\.yaml:\d+: account\.ledger\./, '');
  }
  throw new Error('it loads');
}

describe('the ledger section of a pack', () => {
  it('loads, and is not needed', () => {
    expect(loadPack(SOURCE, 'zz.yaml').document.account?.ledger?.interest.dayCount).toBe('ACT/365F');
    const without = packText({ version: '2026-01-01', account: true });
    expect(loadPack(without, 'zz.yaml').document.account?.ledger).toBeUndefined();
  });

  it.each([
    ['{ upToDaysPastDue: 90, order', '{ order', 'allocation.bands: bands ascend, and only the last one has no end'],
    ['{ order: [principal', '{ upToDaysPastDue: 91, order: [principal', 'allocation.bands: bands ascend'],
    ['[annual_fee, cash_fee, other_fee,', '[annual_fee, annual_fee, other_fee,', 'allocation.charges: names one twice'],
    [
      '[retail, cash_advance, instalment]',
      '[retail, cash_advance, interest]',
      'allocation.principal.2: Invalid option',
    ],
    ['order: [principal, charges]', 'order: [principal]', 'allocation.bands.1.order: Too small'],
    ['ACT/365F', '30/360', 'interest.dayCount: Invalid option'],
    ['"0.10"', '"10"', 'minimumPayment.principalRate: no decimal fraction'],
    ['balance], source: law', 'balance], source: no', 'distribution.source: unknown source no'],
  ])('with %s as %s does not load', (from, to, reason) => {
    expect(refusal(from, to)).toContain(reason);
  });
});

it('the shipped pack spreads payments as article 57 says, and names it', () => {
  const pack = loadPacks().find(({ document }) => document.account !== undefined)!;
  const { allocation } = pack.document.account!.ledger!;
  expect(allocation.bands).toEqual([
    { upToDaysPastDue: 90, order: ['charges', 'principal'] },
    { order: ['principal', 'charges'] },
  ]);
  expect([allocation.source, pack.document.sources[allocation.source]!.zh]).toEqual([
    'card-measures-57',
    expect.stringContaining('第五十七条'),
  ]);
});
