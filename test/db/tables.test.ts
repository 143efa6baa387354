import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** What the driver makes of a column (parsers of src/db/database.ts), by the name PostgreSQL gives its type. */
const TYPE_OF: Record<string, string> = {
  text: 'string',
  date: 'string',
  numeric: 'string',
  int2: 'number',
  int4: 'number',
  int8: 'bigint',
  bool: 'boolean',
  bytea: 'Buffer',
  _bytea: 'Buffer[]',
  timestamptz: 'Instant',
  _text: 'string[]',
  json: 'json',
  jsonb: 'json',
};

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** `table.column: type`, as src/db/tables.ts says. */
function writtenColumns(): string[] {
  const file = 'test/support/rows.ts';
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, '.');
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  const rows = checker.getDeclaredTypeOfSymbol(checker.getExportsOfModule(module).find(({ name }) => name === 'Rows')!);
  return rows.getProperties().flatMap((table) =>
    checker
      .getTypeOfSymbol(table)
      .getProperties()
      .map((column) => `${table.name}.${column.name}: ${nameOf(checker.getTypeOfSymbol(column), checker)}`),
  );
}

function nameOf(type: ts.Type, checker: ts.TypeChecker): string {
  const name = checker.typeToString(checker.getNonNullableType(type)).replace(/^Buffer<[^>]*>/, 'Buffer');
  const isNullable = checker.getNonNullableType(type) !== type;
  return `${Object.values(TYPE_OF).includes(name) ? name : 'json'}${isNullable ? ' | null' : ''}`;
}

/** The same as the migrated database says; the partitions of a table are not tables of their own. */
async function migratedColumns(): Promise<string[]> {
  const { rows } = await database.pool.query<{ column: string; type: string; nullable: boolean }>(`
    SELECT format('%s.%s', table_name, column_name) AS column, udt_name AS type, is_nullable = 'YES' AS nullable
      FROM information_schema.columns JOIN pg_class ON oid = format('%I.%I', table_schema, table_name)::regclass
     WHERE table_schema = 'public' AND NOT relispartition`);
  return rows.map(
    ({ column, type, nullable }) =>
      `${column}: ${TYPE_OF[type] ?? `no type for ${type} in tables.test.ts`}${nullable ? ' | null' : ''}`,
  );
}

test('src/db/tables.ts describes the migrated database, column by column', async () => {
  const written = writtenColumns();
  const migrated = await migratedColumns();
  expect(migrated.length).toBeGreaterThan(100);
  expect(
    migrated.filter((column) => !written.includes(column)),
    'in the database, and not so in src/db/tables.ts: edit that file',
  ).toEqual([]);
  expect(
    written.filter((column) => !migrated.includes(column)),
    'in src/db/tables.ts, and not so in the database: edit that file or write a migration',
  ).toEqual([]);
});
