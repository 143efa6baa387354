import type { Selectable } from 'kysely';
import type { Database } from '../../src/db/tables.ts';

/** Every table as its rows are read; `tables.test.ts` asks the compiler for these types. */
export type Rows = { [Table in keyof Database]: Selectable<Database[Table]> };
