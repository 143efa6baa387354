import { describe, expect, it } from 'vitest';
import { compareWith, type RecordedDecision } from '../../src/policies/compare.ts';
import { loadPack, type Pack } from '../../src/policy/load.ts';
import { createRegistry, type PolicyRegistry } from '../../src/policy/registry.ts';
import { evaluate } from '../../src/rules/contact/evaluate.ts';
import { formatInstant } from '../../src/rules/time/zone.ts';
import { type PackText, packText } from '../support/pack.ts';
import { facts, ms } from './builders.ts';

const pack = (options: PackText) => loadPack(packText(options), 'test');
const zz = pack({ version: '2026-01-01' });
const yy = pack({ pack: 'yy-test', version: '2026-01-01', jurisdictions: ['YY'] });

/** What would have been recorded at `at` under these packs. */
function decided(packs: readonly Pack[], jurisdictions: string[], at: string): RecordedDecision {
  const given = facts({ jurisdictions, zones: ['UTC'] });
  const verdict = evaluate(
    packs.map(({ compiled }) => compiled),
    given,
    ms(at),
  );
  const instant = (value: number | null) => (value === null ? null : formatInstant('UTC', value));
  return {
    decisionId: 'dec_1',
    evaluatedAtMs: ms(at),
    policyVersion: packs.map(({ compiled }) => compiled.id).join('+') || 'none',
    facts: given,
    hashes: Object.fromEntries(packs.map(({ compiled, contentHash }) => [compiled.id, contentHash])),
    answer: {
      permitted: verdict.permitted,
      nextPermittedAt: instant(verdict.nextPermittedAt),
      reasons: verdict.reasons.map(({ rule, code, permittedFrom }) => ({
        code,
        ruleId: rule.spec.id,
        pack: rule.pack.id,
        strength: rule.spec.strength,
        permittedFrom: instant(permittedFrom),
        used: null,
        max: null,
      })),
    },
  };
}

const differenceOf = (registry: PolicyRegistry, candidate: Pack, decision: RecordedDecision) =>
  compareWith(registry, candidate.compiled, decision)?.comparison.difference;

describe('asking a decision again with another version of one pack', () => {
  const both = createRegistry([zz, yy]);

  it('finds nothing for the version that decided', () => {
    for (const at of ['2026-11-23T12:00:00Z', '2026-11-23T22:30:00Z'])
      expect(differenceOf(both, zz, decided([yy, zz], ['ZZ', 'YY'], at))).toBeNull();
  });

  it('refuses where the version leaves a jurisdiction without any pack, although the other packs permit', () => {
    const elsewhere = pack({ version: '2027-01-01', jurisdictions: ['XX'] });
    const decision = decided([yy, zz], ['ZZ', 'YY'], '2026-11-23T12:00:00Z');
    expect(differenceOf(both, elsewhere, decision)).toBe('newlyRefused');
    expect(differenceOf(both, elsewhere, decided([yy], ['YY'], '2026-11-23T12:00:00Z'))).toBeNull();
  });

  it('permits where the version gives the first pack of a jurisdiction, and every other has one', () => {
    const first = pack({ pack: 'xx-test', version: '2026-01-01', jurisdictions: ['XX'] });
    const at = '2026-11-23T12:00:00Z';
    expect(differenceOf(both, first, decided([], ['XX'], at))).toBe('newlyPermitted');
    expect(differenceOf(both, first, decided([], ['XX', 'ZZ'], at))).toBe('newlyPermitted');
    expect(differenceOf(both, first, decided([], ['XX', 'WW'], at))).toBeNull();
  });

  it('keeps the versions of the other packs that decided, whatever is in force for that instant by now', () => {
    const strict = pack({ pack: 'yy-test', version: '2026-06-01', jurisdictions: ['YY'], to: '11:00' });
    const now = createRegistry([zz, strict], { former: createRegistry([yy]) });
    expect(differenceOf(now, zz, decided([yy, zz], ['ZZ', 'YY'], '2026-11-23T12:00:00Z'))).toBeNull();
  });

  it('finds the very text that decided by its hash, where the version has another text by now', () => {
    const changed = pack({ pack: 'yy-test', version: '2026-01-01', jurisdictions: ['YY'], to: '11:00' });
    const now = createRegistry([zz, changed], { former: createRegistry([yy]) });
    expect(differenceOf(now, zz, decided([yy, zz], ['ZZ', 'YY'], '2026-11-23T12:00:00Z'))).toBeNull();
  });

  it('is not possible when another pack that decided is unknown', () => {
    const decision = decided([yy, zz], ['ZZ', 'YY'], '2026-11-23T12:00:00Z');
    expect(compareWith(createRegistry([zz]), zz.compiled, decision)).toBeNull();
    expect(compareWith(createRegistry([yy]), zz.compiled, decision)).not.toBeNull();
  });

  it('sees a next instant that moves because the law changes before it', () => {
    const later = pack({ pack: 'yy-test', version: '2026-11-24', jurisdictions: ['YY'], from: '09:00' });
    const registry = createRegistry([zz, yy, later]);
    const night = decided([yy, zz], ['ZZ', 'YY'], '2026-11-23T23:00:00Z');
    // Recorded as if nothing changed: 08:00, where the version of the next day opens at 09:00.
    const comparison = compareWith(registry, zz.compiled, night)?.comparison;
    expect(comparison).toMatchObject({ difference: 'otherNextPermittedAt', ruleIds: ['yy-test.hours'] });
  });

  it('names the rules whose own finding differs', () => {
    const night = decided([zz], ['ZZ'], '2026-11-23T23:00:00Z');
    const ruleIds = (candidate: Pack) => compareWith(both, candidate.compiled, night)?.comparison.ruleIds;
    expect(ruleIds(pack({ version: '2027-01-01', to: '23:30' }))).toEqual(['zz-test.hours']);
    expect(ruleIds(pack({ version: '2027-01-01', max: 0 }))).toContain('zz-test.day');
  });
});
