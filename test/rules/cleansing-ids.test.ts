import fc from 'fast-check';
import { stdnum } from 'stdnum';
import { describe, expect, test } from 'vitest';
import { PROVINCES } from '../../src/cleansing/data.ts';
import { checkCharacter, checkResidentId } from '../../src/cleansing/resident-id.ts';
import { checkSocialCreditCode, socialCreditCheck } from '../../src/cleansing/social-credit-code.ts';

const TODAY = '2026-11-23';
const { ric, uscc } = stdnum.CN!;

const bodies = fc
  .record({
    province: fc.constantFrom(...PROVINCES),
    place: fc.nat(9999),
    born: fc.date({ min: new Date('1900-01-01'), max: new Date(TODAY), noInvalidDate: true }),
    sequence: fc.nat(999),
  })
  .map(
    ({ province, place, born, sequence }) =>
      province +
      String(place).padStart(4, '0') +
      born.toISOString().slice(0, 10).replaceAll('-', '') +
      String(sequence).padStart(3, '0'),
  );
const ids = bodies.map((body) => body + checkCharacter(body));

function completed(body: string): string {
  return body + checkCharacter(body);
}

describe('a resident id', () => {
  test('of the standard tells the birth date and the sex', () => {
    expect(checkResidentId('11010519491231002X', TODAY)).toEqual({
      value: '11010519491231002X',
      converted: false,
      problem: null,
      birthDate: '1949-12-31',
      sex: 'female',
      test: false,
      corrections: [],
    });
  });

  test.each([
    ['11010519491231002x', ['case']],
    ['１１０１０５１９４９１２３１００２Ｘ', ['width']],
    ['１１０１０５１９４９１２３１００２ｘ', ['width', 'case']],
    ['110105 19491231 002X', ['blanks']],
    ['110105\u200b19491231002X', ['blanks']],
    ['110105-19491231-002X', ['separators']],
    ["'11010519491231002X", ['prefix']],
    ['  11010519491231002X\t', []],
    ['110105491231002', ['converted_15_to_18']],
  ])('written %j is the same one, corrected by %j', (text, corrections) => {
    expect(checkResidentId(text, TODAY)).toMatchObject({ value: '11010519491231002X', problem: null, corrections });
  });

  test.each([
    ['', 'form'],
    ['1101051949123100', 'form'],
    ['11010519491231002XX', 'form'],
    ['1.10105E+17', 'form'],
    ['11010549123100X', 'form'],
    ['110105****1231002X', 'form'],
    ['①10105194912310021', 'form'],
    ['110105194912310021', 'check_character'],
    [completed('11010519490229002'), 'date'],
    [completed('11010519491301002'), 'date'],
    [completed('11010500191231002'), 'date'],
    [completed('11010518991231002'), 'date'],
    ['110105490229002', 'date'],
    [completed('10010519491231002'), 'region'],
    [completed('66010519491231002'), 'region'],
    ['660105491231002', 'region'],
  ])('written %j has the problem %s', (text, problem) => {
    expect(checkResidentId(text, TODAY).problem).toBe(problem);
  });

  test('is not of the future: born today passes, born tomorrow does not, whatever the clock says', () => {
    const id = completed('11010520280229002');
    expect(checkResidentId(id, '2028-02-29').problem).toBeNull();
    expect(checkResidentId(id, '2028-02-28')).toMatchObject({ problem: 'date', birthDate: null });
  });

  test('with a wrong check character still says whose it might be', () => {
    expect(checkResidentId('110105194912310021', TODAY)).toMatchObject({ birthDate: '1949-12-31', sex: 'female' });
  });

  test.each(['11', '54', '65', '71', '81', '82', '83'])('may come from region %s', (region) => {
    expect(checkResidentId(completed(`${region}000019900307447`), TODAY).problem).toBeNull();
  });

  test('of region 99 is valid and marked as made up; no other is', () => {
    expect(checkResidentId(completed('99010519491231002'), TODAY)).toMatchObject({ problem: null, test: true });
    fc.assert(fc.property(ids, (id) => !checkResidentId(id, TODAY).test));
  });

  test.each([
    ['932682198501010017', null],
    [completed('93284019850101001'), null],
    [completed('93215619850101001'), 'region'],
    [completed('93234419850101001'), 'region'],
    [completed('93200019850101001'), 'region'],
    [completed('96684019850101001'), 'region'],
    [completed('93268219850230001'), 'date'],
    ['932682198501010018', 'check_character'],
  ])('of a foreigner, %s (9, place, country, birth date), has the problem %s', (id, problem) => {
    expect(checkResidentId(id, TODAY)).toMatchObject({ problem, test: false });
  });

  test('made by the rules passes, and cleaning it twice changes nothing', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const once = checkResidentId(id, TODAY);
        expect(once).toMatchObject({ value: id, problem: null, corrections: [] });
        expect(checkResidentId(once.value, TODAY)).toEqual(once);
      }),
    );
  });

  test('that was corrected is clean the second time', () => {
    fc.assert(
      fc.property(fc.oneof(ids, fc.string(), fc.stringMatching(/^[\d０-９xX '-]{15,22}$/)), (text) => {
        const { value, problem } = checkResidentId(text, TODAY);
        if (problem !== 'form')
          expect(checkResidentId(value, TODAY)).toMatchObject({ value, problem, corrections: [] });
      }),
    );
  });

  test('with 15 digits becomes the same person with 18', () => {
    const bornBefore2000 = bodies.filter((body) => body.startsWith('19', 6));
    fc.assert(
      fc.property(bornBefore2000, (body) => {
        const old = body.slice(0, 6) + body.slice(8);
        const { converted, corrections, ...person } = checkResidentId(old, TODAY);
        expect([converted, corrections]).toEqual([true, ['converted_15_to_18']]);
        const { converted: _, corrections: none, ...same } = checkResidentId(completed(body), TODAY);
        expect([person, none]).toEqual([same, []]);
      }),
    );
  });

  // Weights are prime to 11, differ from their neighbours, and a digit changes by less than 11.
  test('MOD 11-2 finds each of the 153 wrong digits and 16 swaps of every id', () => {
    fc.assert(
      fc.property(ids, (id) => {
        for (const wrong of neighbours(id)) expect(checkResidentId(wrong, TODAY).problem, wrong).not.toBeNull();
      }),
      { numRuns: 30 },
    );
  });

  test('has the check character that stdnum computes', () => {
    fc.assert(fc.property(ids, (id) => ric!.validate(id).isValid));
    fc.assert(fc.property(bodies, (body) => !ric!.validate(body + wrongFor(body)).isValid));
  });

  test('is checked here because stdnum knows no regions and takes the year 19 for 2019', () => {
    expect(ric!.validate(completed('66010519491231002')).isValid).toBe(true);
    expect(ric!.validate(completed('11010500191231002')).isValid).toBe(true);
  });
});

/** Every text with one other digit, and every one with two neighbours swapped. */
function neighbours(id: string): string[] {
  const wrong: string[] = [];
  for (let at = 0; at < 17; at += 1) {
    for (const digit of '0123456789') if (digit !== id[at]) wrong.push(id.slice(0, at) + digit + id.slice(at + 1));
    if (at < 16 && id[at] !== id[at + 1]) wrong.push(id.slice(0, at) + id[at + 1] + id[at] + id.slice(at + 2));
  }
  return wrong;
}

function wrongFor(body: string): string {
  return checkCharacter(body) === '1' ? '2' : '1';
}

describe('a unified social credit code', () => {
  test.each([
    '91100000100003962T',
    '91110000802100433B',
    '91330100799655058B',
    '914403001922038216',
    '9144030071526726XG',
    ' ９１３３０１００-799655058b ',
  ])('in use, %j, passes', (code) => {
    expect(checkSocialCreditCode(code).problem).toBeNull();
  });

  test.each([
    ['', 'form'],
    ['91330100799655058', 'form'],
    ['9I330100799655058B', 'form'],
    ['9133O100799655058B', 'form'],
    ['91330100799655058A', 'check_character'],
    [completedCode('91660100799655058'), 'region'],
    [completedCode('91000000799655058'), 'region'],
    [completedCode('99990100799655058'), 'region'],
    [completedCode('B1330100799655058'), 'department'],
    [completedCode('94330100799655058'), 'department'],
    [completedCode('00330100799655058'), 'department'],
  ])('written %j has the problem %s', (code, problem) => {
    expect(checkSocialCreditCode(code).problem).toBe(problem);
  });

  test('may end in 0 and begin with N, A or Y, which stdnum refuses, and names a region, which stdnum does not ask', () => {
    const ending = Array.from({ length: 500 }, (_, at) => completedCode(`91330100MA2${String(at).padStart(6, '0')}`));
    const inZero = ending.filter((code) => code.endsWith('0'));
    expect(inZero.length).toBeGreaterThan(5);
    for (const code of inZero) {
      expect(checkSocialCreditCode(code).problem).toBeNull();
      expect(uscc!.validate(code).isValid).toBe(false);
    }
    for (const start of ['N2', 'A1', 'Y1']) {
      const code = completedCode(`${start}330100799655058`);
      expect(checkSocialCreditCode(code).problem).toBeNull();
      expect(uscc!.validate(code).isValid).toBe(false);
    }
    expect(uscc!.validate(completedCode('91660100799655058')).isValid).toBe(true);
  });

  test('has the check character that stdnum computes, where that computes one', () => {
    const codes = fc.stringMatching(/^9[123](11|33|44)\d{4}[0-9A-HJ-NP-RTUWXY]{9}$/).map(completedCode);
    fc.assert(fc.property(codes, (code) => code.endsWith('0') || uscc!.validate(code).isValid));
  });

  test('with one other character fails', () => {
    const code = '91330100799655058B';
    for (const [at, character] of [...code].entries()) {
      for (const other of '0123456789ABCDEFGHJKLMNPQRTUWXY') {
        if (other === character) continue;
        const wrong = code.slice(0, at) + other + code.slice(at + 1);
        expect(checkSocialCreditCode(wrong).problem, wrong).not.toBeNull();
      }
    }
  });
});

function completedCode(code: string): string {
  return code + socialCreditCheck(code);
}
