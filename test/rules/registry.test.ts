import { describe, expect, it } from 'vitest';
import { loadPack, PackError } from '../../src/policy/load.ts';
import { createRegistry } from '../../src/policy/registry.ts';
import { type PackText, packText } from '../support/pack.ts';

const pack = (options: PackText) => loadPack(packText(options), 'test');
const ms = (instant: string) => Temporal.Instant.from(instant).epochMilliseconds;
const idsAt = (registry: ReturnType<typeof createRegistry>, instant: string, codes = ['ZZ']) =>
  registry.inForceAt(codes, ms(instant)).packs.map(({ id }) => id);

const old = pack({ version: '2026-01-01' });
const next = pack({ version: '2027-01-01' });
const country = pack({ pack: 'us-all', version: '2026-01-01', jurisdictions: ['US'] });
const state = pack({ pack: 'us-ma', version: '2026-06-01', jurisdictions: ['US-MA'] });

describe('versions of one pack', () => {
  it('end where the next one starts, without a word in the older one', () => {
    const registry = createRegistry([next, old]);
    expect(idsAt(registry, '2026-12-31T23:59:59.999Z')).toEqual(['zz-test@2026-01-01']);
    expect(idsAt(registry, '2027-01-01T00:00:00Z')).toEqual(['zz-test@2027-01-01']);
  });

  it('end at their own end, and nothing is known afterwards', () => {
    const registry = createRegistry([pack({ version: '2026-01-01', effectiveUntil: '2026-07-01' })]);
    expect(registry.inForceAt(['ZZ'], ms('2026-06-30T23:59:59Z'))).toMatchObject({ known: true });
    expect(registry.inForceAt(['ZZ'], ms('2026-07-01T00:00:00Z'))).toMatchObject({ known: false, packs: [] });
  });

  it.each([
    ['start on the same day', pack({ version: '2026-02-01', effectiveFrom: '2026-01-01' })],
    ['overlap', pack({ version: '2025-01-01', effectiveUntil: '2026-01-02' })],
    ['leave a gap', pack({ version: '2025-01-01', effectiveUntil: '2025-12-31' })],
  ])('that %s are refused, by both names', (words, other) => {
    const build = () => createRegistry([old, other]);
    expect(build).toThrow(PackError);
    expect(build).toThrow(words);
    expect(build).toThrow(old.compiled.id);
    expect(build).toThrow(other.compiled.id);
  });

  it('are found by id and by hash whatever the day, also those that are only remembered', () => {
    const former = createRegistry([old]);
    const registry = createRegistry([next], { former });
    expect([registry.byId('zz-test@2027-01-01'), registry.byId('zz-test@2026-01-01')]).toEqual([next, old]);
    expect([registry.byHash(next.contentHash), registry.byHash(old.contentHash)]).toEqual([next, old]);
    expect(registry.byId('zz-test@2028-01-01')).toBeUndefined();
    expect(idsAt(registry, '2026-06-01T00:00:00Z')).toEqual([]);
  });
});

describe('jurisdictions', () => {
  const registry = createRegistry([state, country, old]);

  it('get the packs of their country too, in the order of pack ids, whatever the order of files and codes', () => {
    expect(idsAt(registry, '2026-07-01T00:00:00Z', ['US-MA'])).toEqual(['us-all@2026-01-01', 'us-ma@2026-06-01']);
    expect(idsAt(registry, '2026-07-01T00:00:00Z', ['ZZ', 'US-MA'])).toEqual([
      'us-all@2026-01-01',
      'us-ma@2026-06-01',
      'zz-test@2026-01-01',
    ]);
    expect(idsAt(registry, '2026-07-01T00:00:00Z', ['US'])).toEqual(['us-all@2026-01-01']);
    expect(idsAt(registry, '2026-07-01T00:00:00Z', ['US-NY'])).toEqual(['us-all@2026-01-01']);
  });

  it('of which one has no pack are not known: nothing may be permitted', () => {
    const known = (codes: string[]) => registry.inForceAt(codes, ms('2026-07-01T00:00:00Z')).known;
    expect([['ZZ'], ['US-NY'], ['FR'], ['ZZ', 'FR'], []].map(known)).toEqual([true, true, false, false, false]);
    expect(createRegistry([state]).inForceAt(['US'], ms('2026-07-01T00:00:00Z')).known).toBe(false);
    expect(registry.inForceAt(['ZZ'], ms('2025-12-31T23:59:59Z')).known).toBe(false);
  });

  it('tell until when the same versions decide', () => {
    const changes = createRegistry([old, next, state, country]);
    const until = (codes: string[], instant: string) => changes.inForceAt(codes, ms(instant)).until;
    expect(until(['ZZ'], '2026-07-01T00:00:00Z')).toBe(ms('2027-01-01T00:00:00Z'));
    expect(until(['ZZ'], '2027-01-01T00:00:00Z')).toBe(Number.POSITIVE_INFINITY);
    expect(until(['ZZ'], '2020-01-01T00:00:00Z')).toBe(ms('2026-01-01T00:00:00Z'));
    expect(until(['US-MA'], '2026-05-31T23:59:59Z')).toBe(ms('2026-06-01T00:00:00Z'));
  });

  it('have the same answer for the same instants, as one object', () => {
    const at = (instant: string) => registry.inForceAt(['ZZ'], ms(instant));
    expect(at('2026-07-01T00:00:00Z')).toBe(at('2026-09-01T12:00:00Z'));
    expect(at('2026-07-01T00:00:00Z')).not.toBe(at('2025-07-01T00:00:00Z'));
  });
});

describe('what runs in shadow', () => {
  const shadowAt = (registry: ReturnType<typeof createRegistry>, instant: string, codes = ['ZZ']) =>
    registry.inForceAt(codes, ms(instant)).shadow.map(({ id }) => id);
  const draftOfLaw = pack({ pack: 'zz-draft', version: '2027-04-01', lifecycle: 'shadow' });

  it('is a pack of lifecycle shadow, also before its day, and it never decides', () => {
    const registry = createRegistry([draftOfLaw, old]);
    expect(shadowAt(registry, '2026-06-01T00:00:00Z')).toEqual(['zz-draft@2027-04-01']);
    expect(shadowAt(registry, '2027-06-01T00:00:00Z')).toEqual(['zz-draft@2027-04-01']);
    expect(idsAt(registry, '2027-06-01T00:00:00Z')).toEqual(['zz-test@2026-01-01']);
    expect(registry.inForceAt(['ZZ'], ms('2026-06-01T00:00:00Z')).until).toBe(Number.POSITIVE_INFINITY);
    expect(createRegistry([draftOfLaw]).inForceAt(['ZZ'], ms('2027-06-01T00:00:00Z')).known).toBe(false);
    expect(shadowAt(registry, '2026-06-01T00:00:00Z', ['US'])).toEqual([]);
  });

  it('is a draft under watch, before and after its day, until its end', () => {
    const watched = pack({ pack: 'zz-new', version: '2027-01-01', effectiveUntil: '2028-01-01' });
    const registry = createRegistry([old], { watched: [watched] });
    expect(shadowAt(registry, '2026-06-01T00:00:00Z')).toEqual(['zz-new@2027-01-01']);
    expect(shadowAt(registry, '2027-12-31T23:59:59Z')).toEqual(['zz-new@2027-01-01']);
    expect(shadowAt(registry, '2028-01-01T00:00:00Z')).toEqual([]);
    expect(registry.byId('zz-new@2027-01-01')).toBe(watched);
  });

  it('is a published version before its day; then it decides', () => {
    const registry = createRegistry([old, next], { watched: [next] });
    expect(shadowAt(registry, '2026-12-31T23:59:59Z')).toEqual(['zz-test@2027-01-01']);
    expect(shadowAt(registry, '2027-01-01T00:00:00Z')).toEqual([]);
    expect(idsAt(registry, '2027-01-01T00:00:00Z')).toEqual(['zz-test@2027-01-01']);
  });
});

describe('the pack with the account section', () => {
  const accounts = pack({ version: '2026-01-01', account: true });

  it('is the default, in the version of the day', () => {
    const later = pack({ version: '2027-01-01', account: true });
    const registry = createRegistry([country, accounts, later]);
    expect(registry.defaultAt(ms('2025-01-01T00:00:00Z'))).toBeUndefined();
    expect(registry.defaultAt(ms('2026-12-31T00:00:00Z'))).toBe(accounts);
    expect(registry.defaultAt(ms('2027-01-01T00:00:00Z'))).toBe(later);
  });

  it('is one: a second is refused', () => {
    const second = pack({ pack: 'zz-other', version: '2026-01-01', account: true });
    expect(() => createRegistry([accounts, second])).toThrow(/zz-other@2026-01-01 and zz-test@2026-01-01 both decide/);
  });
});
