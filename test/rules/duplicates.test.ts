import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredCustomer } from '../../src/customers/repository.ts';
import { matchOf } from '../../src/duplicates/match.ts';
import { loadMatchRules, MATCH_RULES } from '../../src/duplicates/match-rules.ts';
import { keysOfPersons, type Link, missingLinks } from '../../src/duplicates/person-key.ts';
import { residentIdOf } from '../support/resident-id.ts';

const members = (text: string) =>
  text.split(' ').map((one) => {
    const [customerId = '', own = customerId] = one.split('=');
    return { customerId, own };
  });
const links = (text: string): Link[] =>
  text === ''
    ? []
    : text.split(' ').map((one) => {
        const [mergedId = '', survivorId = ''] = one.split('>');
        return { survivorId, mergedId };
      });

describe('the key of a person', () => {
  test.each([
    ['is their own for people who are alone', 'a b', '', 'a:a b:b'],
    ['is one for equal own keys', 'a=k b=k c', '', 'a:k b:k c:c'],
    ['is the survivor’s', 'a b', 'b>a', 'a:a b:a'],
    ['is that of the newest merge in a chain', 'a b c', 'b>a a>c', 'a:c b:c c:c'],
    ['goes over to whom was merged with whom was merged', 'a b c', 'b>a c>b', 'a:a b:a c:a'],
    ['is of a star the middle', 'a b c d', 'b>a c>a d>a', 'a:a b:a c:a d:a'],
    ['takes those along who have one own key', 'a b=k c=k', 'b>a', 'a:a b:a c:a'],
    ['needs no merge between equal own keys', 'a=k b=k c', 'b>a a>c', 'a:c b:c c:c'],
    ['is what the rest says where two ways lead from one to the other', 'a=k b c=k', 'b>a b>c', 'a:k b:k c:k'],
  ])('%s', (_, people, merges, expected) => {
    const keys = keysOfPersons(members(people), links(merges));
    expect([...keys].map((entry) => entry.join(':')).join(' ')).toBe(expected);
  });

  const someone = fc.integer({ min: 0, max: 7 });
  const person = fc.record({
    owns: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 8, maxLength: 8 }),
    merges: fc.array(fc.tuple(someone, someone), { maxLength: 10 }),
  });
  const build = ({ owns, merges }: { owns: readonly number[]; merges: readonly (readonly [number, number])[] }) =>
    [
      owns.map((own, no) => ({ customerId: `c${no}`, own: `k${own}` })),
      merges.map(([survivor, merged]) => ({ survivorId: `c${survivor}`, mergedId: `c${merged}` })),
    ] as const;

  test('is the same for two customers exactly when records or merges lead from one to the other', () => {
    fc.assert(
      fc.property(person, (drawn) => {
        const [people, merges] = build(drawn);
        const keys = keysOfPersons(people, merges);
        const group = new Map(people.map(({ customerId }) => [customerId, customerId]));
        const find = (id: string): string => (group.get(id) === id ? id : find(group.get(id)!));
        const unite = (x: string, y: string) => group.set(find(x), find(y));
        for (const { survivorId, mergedId } of merges) unite(survivorId, mergedId);
        for (const x of people) for (const y of people) if (x.own === y.own) unite(x.customerId, y.customerId);
        for (const x of people)
          for (const y of people)
            expect(keys.get(x.customerId) === keys.get(y.customerId)).toBe(find(x.customerId) === find(y.customerId));
      }),
    );
  });

  test('is one of the person’s own keys', () => {
    fc.assert(
      fc.property(person, (drawn) => {
        const [people, merges] = build(drawn);
        const keys = keysOfPersons(people, merges);
        for (const key of keys.values())
          expect(people.some(({ customerId, own }) => own === key && keys.get(customerId) === key)).toBe(true);
      }),
    );
  });

  test('of one own key is on record with as few links as it takes, to the oldest', () => {
    expect(missingLinks(members('a=k b=k c d=k'), [])).toEqual(links('b>a d>a'));
    expect(missingLinks(members('a=k b=k d=k'), links('d>b'))).toEqual(links('b>a'));
    expect(missingLinks(members('a=k b=k d=k'), links('d>b b>a'))).toEqual([]);
    expect(missingLinks(members('a b c=k'), links('a>b'))).toEqual([]);
  });

  test('are found among ten thousand records of one resident id at once', () => {
    const people = Array.from({ length: 10_000 }, (_, no) => ({ customerId: `c${no}`, own: 'k' }));
    const half = people.slice(1, 5000).map(({ customerId }) => ({ survivorId: 'c0', mergedId: customerId }));
    const begun = performance.now();
    expect(missingLinks(people, half)).toHaveLength(5000);
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});

describe('two customers without two resident ids to compare', () => {
  const today = '2026-11-23';
  const one = (
    more: Partial<StoredCustomer> & { phone?: string; postal?: string; role?: 'debtor' | 'contact' } = {},
  ) => {
    const { phone = '+8613800138000', postal, role = 'debtor', ...rest } = more;
    const point = (kind: 'phone' | 'postal', value: string) => ({ contactPointId: kind, kind, value });
    return {
      customerId: 'C1',
      name: '张三',
      residentId: null,
      birthDate: null,
      jurisdictions: ['CN'],
      parties: [
        { partyId: 'self', role, contactPoints: [point('phone', phone), ...(postal ? [point('postal', postal)] : [])] },
      ],
      ...rest,
    } as unknown as StoredCustomer;
  };
  const match = (a: StoredCustomer, b: StoredCustomer) => matchOf(a, b, MATCH_RULES.review, today);
  const valid = residentIdOf(1, '1980-05-06');
  const other = residentIdOf(2, '1980-05-06');

  test.each([
    ['the same name and number', one(), one(), 0.7],
    ['another spelling of the name', one({ name: '买买提·艾力' }), one({ name: '买买提• 艾力' }), 0.7],
    ['one birth date known', one({ birthDate: '1980-05-06' }), one(), 0.7],
    ['equal birth dates', one({ birthDate: '1980-05-06' }), one({ birthDate: '1980-05-06' }), 0.9],
    ['a birth date that the resident id tells', one({ residentId: valid }), one({ birthDate: '1980-05-06' }), 0.9],
    ['the same address', one({ postal: '北京市朝阳区 建国路1号' }), one({ postal: '北京市朝阳区建国路１号' }), 0.8],
    ['half an address', one({ postal: '北京市朝阳区' }), one({ postal: '北京市海淀区' }), 0.767],
    [
      'one id that cannot be right',
      one({ residentId: `${valid.slice(0, 17)}${valid.endsWith('0') ? 1 : 0}` }),
      one({ residentId: other }),
      0.7,
    ],
  ])('are a case to look at: %s', (_, a, b, score) => {
    expect(match(a, b)?.score).toBe(score);
    expect(match(b, a)).toEqual(match(a, b));
  });

  test.each([
    [
      'with two ids that can be right: a family and its telephone',
      one({ residentId: valid }),
      one({ residentId: other }),
    ],
    ['with other names', one(), one({ name: '李四' })],
    ['with other numbers', one(), one({ phone: '+8613800138001' })],
    ['where the number is that of somebody around one of them', one(), one({ role: 'contact' })],
    ['with other dates of birth', one({ birthDate: '1980-05-06' }), one({ birthDate: '1981-05-06' })],
    [
      'with a date of birth that the other’s id contradicts',
      one({ residentId: valid }),
      one({ birthDate: '1981-05-06' }),
    ],
  ])('are none %s', (_, a, b) => {
    expect(match(a, b)).toBeNull();
  });

  test('are none below the score that the rules ask for', () => {
    expect(matchOf(one(), one(), { ...MATCH_RULES.review, minimumScore: 0.8 }, today)).toBeNull();
  });
});

describe('the rules for matching', () => {
  const rules = (weights: string, more = '') => `version: '2026-11-01'
keys:
  - { key: resident_id, decides: merge }
  - { key: name_and_phone, decides: review, weights: ${weights}, minimumScore: 0.7, maxCustomersPerPhone: 20${more} }
  - { key: phone, decides: mark }
`;

  test('are read with their version', () => {
    const read = loadMatchRules(rules('{ name: 0.4, phone: 0.3, birthDate: 0.2, address: 0.1 }'));
    expect(read).toMatchObject({ version: '2026-11-01', review: { weights: { name: 0.4 } } });
  });

  test.each([
    ['weights that are not 1 together', rules('{ name: 0.4, phone: 0.3, birthDate: 0.2, address: 0.2 }')],
    ['an unknown word', rules('{ name: 0.4, phone: 0.3, birthDate: 0.2, address: 0.1 }', ', fuzzy: true')],
    [
      'a shared phone that merges',
      rules('{ name: 0.4, phone: 0.3, birthDate: 0.2, address: 0.1 }').replace('mark', 'merge'),
    ],
    ['another order', rules('{ name: 1, phone: 0, birthDate: 0, address: 0 }').replace('resident_id', 'phone')],
  ])('are refused with %s', (_, source) => {
    expect(() => loadMatchRules(source)).toThrow();
  });
});
