import { describe, expect, it } from 'vitest';
import { loadPack, loadPacks, PackError } from '../../src/policy/load.ts';
import { createRegistry } from '../../src/policy/registry.ts';
import { deciding } from '../support/registry.ts';
import { cn } from './builders.ts';

const FILE = 'xx-test/2026-01-01.yaml';
const SOURCE = `pack: xx-test
version: "2026-01-01"
jurisdictions: [XX]
zone: Asia/Shanghai
effectiveFrom: "2026-01-01"
effectiveUntil: "2027-01-01"
title: { zh: "测试", en: "test" }
checkValiditySeconds: 60
reservationSeconds: 180
account: { graceDays: 3, graceAmount: "10.00", bucketDays: 30, mildUpToBucket: 3 }
sources:
  law: { zh: "法", en: "Law" }
eventSets:
  calls: { channels: [voice], outcomes: [no_answer], directions: [outbound] }
rules:
  - id: xx.hours
    kind: hours
    zone: pack
    windows: [{ from: "08:00", to: "22:00" }]
    consent: true
    code: CALLING_HOURS
    strength: must
    when: { channels: [voice] }
    source: law
    confidence: text read
    text: { zh: "时段", en: "hours" }
  - id: xx.calls
    kind: cap
    scope: number
    count: calls
    window: { kind: day }
    max: 1
    code: FREQUENCY_CAP
    strength: should
    when: {}
    source: law
    confidence: policy
    text: { zh: "次数", en: "{used} of {max}" }
  - id: xx.caller
    kind: caller_number
    registered: ["95\\\\d{3}"]
    privateLines: []
    code: CALLER_NUMBER
    strength: must
    when: {}
    source: law
    confidence: policy
    text: { zh: "主叫", en: "caller" }
obligations:
  - { code: RECORD_CALL, when: {}, source: law, text: { zh: "录音", en: "record" } }
examples:
  - name: eight in the evening is inside the hours
    at: "2026-11-23T20:00:00+08:00"
    given: { zones: [Asia/Shanghai] }
    expect: { permitted: true }
  - name: ten in the evening is outside the hours
    at: "2026-11-23T22:00:00+08:00"
    expect: { permitted: false, reasons: [CALLING_HOURS], nextPermittedAt: "2026-11-24T08:00:00+08:00" }
`;

function lineOf(text: string): number {
  const found = SOURCE.slice(0, SOURCE.indexOf(text)).split('\n').length;
  expect(SOURCE).toContain(text);
  return found;
}

describe('a pack', () => {
  it('loads, with its rules in force on its days', () => {
    const pack = loadPack(SOURCE, FILE);
    const registry = createRegistry([pack]);
    const at = (wallTime: string) => deciding(registry, ['XX'], cn(wallTime)).map(({ id }) => id);
    expect(at('2026-01-01T00:00:00')).toEqual(['xx-test@2026-01-01']);
    expect(at('2026-12-31T23:59:59.999')).toEqual(['xx-test@2026-01-01']);
    expect(at('2025-12-31T23:59:59.999')).toEqual([]);
    expect(at('2027-01-01T00:00:00')).toEqual([]);
    expect(pack.compiled.rules.map(({ spec }) => spec.citation.en)).toEqual(['Law', 'Law', 'Law']);
    expect(pack.contentHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['an unknown field', 'reservationSeconds: 180', 'reservationSecond: 180', /reservationSeconds?/],
    ['an unknown kind of rule', 'kind: hours', 'kind: opening', /rules\.0\.kind/],
    ['an unknown field of a rule', 'consent: true', 'consents: true', /rules\.0\.consents?/],
    ['an unknown channel', 'when: { channels: [voice] }', 'when: { channels: [phone] }', /rules\.0\.when\.channels\.0/],
    ['an unknown strength', 'strength: should', 'strength: shall', /rules\.1\.strength/],
    ['an unknown reason code', 'code: FREQUENCY_CAP', 'code: TOO_MANY', /rules\.1\.code/],
    [
      'an unknown source',
      'source: law\n    confidence: policy',
      'source: lore\n    confidence: policy',
      /unknown source lore/,
    ],
    ['an unknown event set', 'count: calls', 'count: letters', /unknown event set letters/],
    ['an unknown time zone', 'zone: Asia/Shanghai', 'zone: Asia/Peking', /unknown time zone Asia\/Peking/],
    ['an unknown time zone in an example', 'zones: [Asia/Shanghai]', 'zones: [Mars]', /unknown time zone Mars/],
    ['a rule id that is used twice', 'id: xx.calls', 'id: xx.hours', /the rule id xx\.hours is used twice/],
    ['a window that ends when it starts', 'to: "22:00"', 'to: "08:00"', /`from` must be before `to`/],
    ['a window without an hour', 'from: "08:00"', 'from: "8:00"', /rules\.0\.windows\.0\.from/],
    ['an impossible date', 'effectiveUntil: "2027-01-01"', 'effectiveUntil: "2027-02-29"', /effectiveUntil/],
    ['an end before the start', 'effectiveUntil: "2027-01-01"', 'effectiveUntil: "2026-01-01"', /must be after/],
    ['a broken pattern', 'registered: ["95\\\\d{3}"]', 'registered: ["95("]', /regular expression/],
    ['an amount that is none', 'graceAmount: "10.00"', 'graceAmount: "ten"', /graceAmount/],
    [
      'an example that is permitted',
      'expect: { permitted: true }',
      'expect: { permitted: false }',
      /"eight in the evening is inside the hours" is permitted/,
    ],
    [
      'an example with other reasons',
      'reasons: [CALLING_HOURS]',
      'reasons: [FREQUENCY_CAP]',
      /gives the reasons CALLING_HOURS/,
    ],
    [
      'an example with another next instant',
      '"2026-11-24T08:00:00+08:00"',
      '"2026-11-24T09:00:00+08:00"',
      /is next permitted at 2026-11-24T00:00:00/,
    ],
    ['an indentation that YAML refuses', 'scope: number', '  scope: number', /./],
    ['a key that stands twice', 'max: 1\n', 'max: 1\n    max: 2\n', /unique/],
  ])('with %s is refused, with file and line', (_, before, after, message) => {
    const broken = SOURCE.replace(before, after);
    const refused = () => loadPack(broken, FILE);
    expect(refused).toThrow(PackError);
    expect(refused).toThrow(message);
    const written = /^xx-test\/2026-01-01\.yaml:(\d+): /.exec(messageOf(refused));
    expect(Math.abs(Number(written?.[1]) - lineOf(before))).toBeLessThanOrEqual(1);
  });

  it('with a missing field is refused', () => {
    expect(() => loadPack(SOURCE.replace('zone: Asia/Shanghai\n', ''), FILE)).toThrow(
      /^xx-test\/2026-01-01\.yaml:1: zone: /,
    );
  });
});

function messageOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('versions of packs', () => {
  const next = SOURCE.replace('version: "2026-01-01"', 'version: "2027-01-01"')
    .replace('effectiveFrom: "2026-01-01"', 'effectiveFrom: "2027-01-01"')
    .replace('effectiveUntil: "2027-01-01"', 'effectiveUntil: null');
  const load = (source: string) => loadPack(source, FILE);

  it('follow each other without a gap', () => {
    const registry = createRegistry([load(SOURCE), load(next)]);
    expect(deciding(registry, ['XX'], cn('2027-01-01T00:00:00')).map(({ id }) => id)).toEqual(['xx-test@2027-01-01']);
  });

  it('end where the next one starts, without a word in the older file', () => {
    const open = SOURCE.replace('effectiveUntil: "2027-01-01"', 'effectiveUntil: null');
    const registry = createRegistry([load(open), load(next)]);
    const at = (instant: string) => deciding(registry, ['XX'], cn(instant)).map(({ id }) => id);
    expect(at('2026-12-31T23:59:59')).toEqual(['xx-test@2026-01-01']);
    expect(at('2027-01-01T00:00:00')).toEqual(['xx-test@2027-01-01']);
  });

  it('that leave a gap are refused, by name', () => {
    const later = next.replace('effectiveFrom: "2027-01-01"', 'effectiveFrom: "2027-02-01"');
    expect(() => createRegistry([load(SOURCE), load(later)])).toThrow(
      /xx-test@2026-01-01 and xx-test@2027-01-01 leave a gap/,
    );
  });

  it('that start together are refused, by name', () => {
    const other = next.replace('effectiveFrom: "2027-01-01"', 'effectiveFrom: "2026-01-01"');
    const build = () => createRegistry([load(SOURCE), load(other)]);
    expect(build).toThrow(PackError);
    expect(build).toThrow(/xx-test@202\d-01-01 and xx-test@202\d-01-01 start on the same day/);
  });

  it('are all asked how far back contacts count, each for its jurisdictions', () => {
    const source = SOURCE.replace(/^account:.*\n/m, '');
    const weekly = load(source.replace('pack: xx-test', 'pack: yy-test').replace('{ kind: day }', '{ kind: week }'));
    const other = load(
      source.replace('pack: xx-test', 'pack: zz-test').replace('jurisdictions: [XX]', 'jurisdictions: [ZZ]'),
    );
    const hours = (packs: Parameters<typeof createRegistry>[0], ...codes: string[]) => {
      const question = { channel: 'voice', purpose: 'collect', carrier: null, debtor: true } as const;
      return createRegistry(packs).reach(codes, question).ms / 3_600_000;
    };
    const packs = [weekly, load(SOURCE), other];
    expect([hours([load(SOURCE)], 'XX'), hours(packs, 'XX'), hours(packs, 'ZZ')]).toEqual([25, 169, 25]);
    expect([hours(packs, 'ZZ', 'XX'), hours(packs, 'XX-1'), hours(packs, 'YY')]).toEqual([169, 169, 0]);
  });

  it('of another jurisdiction do not help where one has none: no pack at all, so nothing is permitted', () => {
    expect(deciding(createRegistry([load(SOURCE)]), ['XX', 'YY'], cn('2026-06-01T00:00:00'))).toEqual([]);
  });

  it('that ship with the service all load, and their examples hold', () => {
    const packs = loadPacks();
    expect(packs.map(({ compiled }) => compiled.id)).toContain('cn-credit-card@2026-02-01');
    expect(() => createRegistry(packs)).not.toThrow();
  });
});
