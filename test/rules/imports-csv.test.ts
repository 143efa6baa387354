import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  compareTotals,
  controlAmount,
  detectSeparator,
  type FileError,
  MAX_RECORD_BYTES,
  openCsv,
} from '../../src/imports/csv.ts';

const columns = { required: ['id', 'principal'], optional: ['note'] };

async function* inPieces(text: string, length: number): AsyncGenerator<string> {
  const characters = [...text];
  for (let at = 0; at < characters.length; at += length) yield characters.slice(at, at + length).join('');
}

async function read(text: string, pieceLength = 7) {
  const file = await openCsv(inPieces(text, pieceLength), columns, 'principal');
  const rows: string[] = [];
  for await (const { row, cells } of file.records) rows.push(`${row}:${cells.join(';')}`);
  return { rows, totals: file.totals() };
}

async function refusal(text: string): Promise<string> {
  try {
    await read(text, 1000);
  } catch (error) {
    return (error as FileError).code;
  }
  throw new Error('the file was read');
}

test.each([
  ['id,name,principal', ','],
  ['id\tname\tprincipal', '\t'],
  ['id|name|principal', '|'],
  ['"a,b,c"|name|principal', '|'],
  ['id', ','],
])('the separator of %j is %j', (line, separator) => {
  expect(detectSeparator(line)).toBe(separator);
});

describe('a file', () => {
  it.each([
    ['line feeds', 'id,principal\n1,10\n2,20'],
    ['CRLF', 'id,principal\r\n1,10\r\n2,20\r\n'],
    ['both, and blank lines', '\r\nid,principal\r\n\n1,10\n \n2,20\r\n\r\n'],
    ['tabs', 'id\tprincipal\n1\t10\n2\t20\n'],
    ['columns in another case', 'ID,Principal\n1,10\n2,20\n'],
    ['separators behind the last column', 'id,principal,,\n1,10\n2,20\n'],
  ])('with %s has its rows, in whatever pieces it comes', async (_, text) => {
    for (const length of [1, 2, 5, 1000]) expect((await read(text, length)).rows).toEqual(['1:1;10', '2:2;20']);
  });

  test('keeps separators, line ends and doubled quotes inside quotes, and takes a stray quote as it is', async () => {
    const { rows } = await read('id,principal,note\n1,10,"a,b\n""c"""\n2,20,6"x\n');
    expect(rows).toEqual(['1:1;10;a,b\n"c"', '2:2;20;6"x']);
  });

  test('cuts no character, however its bytes fall', async () => {
    const name = '张𠮷\u00e9'.repeat(6_000);
    const { rows } = await read(`id,principal,note\n1,10,${name}\n`, 30_000);
    expect(rows).toEqual([`1:1;10;${name}`]);
  }, 5_000);

  it.each([
    ['EMPTY_FILE', ''],
    ['EMPTY_FILE', '\r\n \n'],
    ['COLUMN_MISSING', 'id,note\n1,x\n'],
    ['COLUMN_REPEATED', 'id,principal,ID\n1,10,2\n'],
    ['COLUMN_UNKNOWN', 'id,principal,pricnipal\n1,10,2\n'],
    ['COLUMN_UNKNOWN', '1,10\n2,20\n'],
    ['RECORD_TOO_LARGE', 'x'.repeat(2 * MAX_RECORD_BYTES)],
    ['RECORD_TOO_LARGE', `id,principal\n1,${'x'.repeat(2 * MAX_RECORD_BYTES)}`],
    ['RECORD_TOO_LARGE', `id,principal\n1,"${'10\n'.repeat(MAX_RECORD_BYTES)}`],
    ['MALFORMED_CSV', 'id,principal\n1,"10\n'],
    ['CONTROL_TOTALS', 'id,principal\n1,10\nTOTAL,1,10\n2,20\n'],
  ])('is refused as %s', async (code, text) => {
    expect(await refusal(text)).toBe(code);
  });

  test('a refusal shows nothing of the content', async () => {
    const file = openCsv(inPieces('张三,13800138000\n', 100), columns, 'principal');
    await expect(file).rejects.toThrow('Column 1 of the header is none of this source.');
  });
});

describe('a totals line', () => {
  it.each([
    ['TOTAL,2,30', '2', '30'],
    ['合计,2,30.00', '2', '30.00'],
    [' total ,2,30', '2', '30'],
    ['TOTAL,30,,2', '30', '2'],
  ])('%s is no row', async (line, rows, sum) => {
    const text = `id,principal,note\n1,10,\n2,20,\n${line}`;
    expect(await read(text)).toEqual({ rows: ['1:1;10;', '2:2;20;'], totals: { rows, sum } });
  });

  test('may have the sum in its own column, beside others', async () => {
    const file = await openCsv(inPieces('note,id,principal\nx,1,10\nTOTAL,1,10', 50), columns, 'principal');
    for await (const _ of file.records);
    expect(file.totals()).toEqual({ rows: '1', sum: '10' });
  });

  test('is compared exactly, and says what differs', () => {
    const sum = controlAmount('0.10')! + controlAmount('1,000.20')! + controlAmount('0.05-')!;
    expect(compareTotals({ rows: '3', sum: '1000.25' }, 3, sum, 'principal')).toBeNull();
    expect(compareTotals({ rows: '3', sum: '1000.26' }, 3, sum, 'principal')).toMatch(/sum of principal/);
    expect(compareTotals({ rows: '4', sum: '1000.25' }, 3, sum, 'principal')).toMatch(/number of rows/);
    expect(compareTotals({ rows: '3', sum: '' }, 3, sum, 'principal')).toMatch(/needs the number of rows and the sum/);
  });
});

test('a file reads the same whether its cells are quoted or not, whatever its lines end in and its pieces are', async () => {
  const cell = fc.stringMatching(/^[ 0-9a-z张三-]{0,6}$/);
  const ends = fc.constantFrom('\n', '\r\n', '\r');
  const line = fc.tuple(fc.array(cell, { minLength: 1, maxLength: 4 }), ends);
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 40 }), async (lines, pieceLength) => {
      const text = (quoted: (cell: string) => string) =>
        `id,principal,note\n${lines.map(([cells, end]) => cells.map(quoted).join() + end).join('')}`;
      const plain = await read(
        text((cell) => cell),
        pieceLength,
      );
      expect(plain).toEqual(
        await read(
          text((cell) => `"${cell}"`),
          pieceLength,
        ),
      );
    }),
  );
});
