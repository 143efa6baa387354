import { deepStrictEqual } from 'node:assert/strict';
import { loadPacks } from '../../src/policy/load.ts';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { median, type Ratio } from '../support/report.ts';
import { jsonRulesEngine } from './json-rules.ts';
import { SITUATIONS, type Situation } from './situations.ts';
import { zenEngine } from './zen.ts';

const ROUNDS = 5;
const ROUND_MS = 500;
/** So many evaluations are under way at once, which lets an engine with threads use them. */
const IN_FLIGHT = 64;

/**
 * The pack's rules that refuse calls to a debtor in three engines. The peers answer which of them refuse; ours answers
 * that, the warnings, every limit with its counted contacts, the next permitted instant and the obligations.
 */
export async function benchEngine(): Promise<Ratio> {
  const pack = loadPacks().find(({ document }) => document.pack === 'cn-credit-card')!.compiled;
  const rules = pack
    .applicable(SITUATIONS[0]!.facts)!
    .rules.map(({ spec }) => spec)
    .filter(({ effect }) => effect === 'refuse');
  const ours = ({ at, facts }: Situation) => evaluate([pack], facts, at);
  const peers = { 'zen-engine': zenEngine(rules), 'json-rules-engine': jsonRulesEngine(rules) };
  for (const situation of SITUATIONS) {
    const expected = ours(situation).reasons.map(({ rule }) => rule.spec.id);
    for (const [name, ask] of Object.entries(peers)) {
      deepStrictEqual(await ask(situation), expected, `${name} differs from ours when ${situation.name}`);
    }
  }
  const rates: Record<'ours' | keyof typeof peers, number[]> = { ours: [], 'zen-engine': [], 'json-rules-engine': [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const measured = {
      ours: await ratePerSecond(ours),
      'zen-engine': await ratePerSecond(peers['zen-engine']),
      'json-rules-engine': await ratePerSecond(peers['json-rules-engine']),
    };
    // The first round only warms up.
    if (round > 0) for (const name of Object.keys(rates) as (keyof typeof rates)[]) rates[name].push(measured[name]);
  }
  const [own, zen, json] = [median(rates.ours), median(rates['zen-engine']), median(rates['json-rules-engine'])];
  return {
    name: 'engine',
    target: 20,
    ours: own,
    baseline: Math.max(zen, json),
    note: `${rules.length} rules over eight contacts, equal verdicts in ${SITUATIONS.length} situations; zen-engine ${Math.round(zen).toLocaleString('en')}/s, json-rules-engine ${Math.round(json).toLocaleString('en')}/s`,
  };
}

async function ratePerSecond(ask: (situation: Situation) => unknown): Promise<number> {
  const started = performance.now();
  let asked = 0;
  while (performance.now() - started < ROUND_MS) {
    const answers: unknown[] = [];
    for (let n = 0; n < IN_FLIGHT; n += 1) answers.push(ask(SITUATIONS[asked++ % SITUATIONS.length]!));
    await Promise.all(answers);
  }
  return asked / ((performance.now() - started) / 1000);
}
