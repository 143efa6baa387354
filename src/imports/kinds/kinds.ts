import type { Imported } from '../mapping.ts';
import type { Records } from '../sources/fields.ts';
import { accountKind } from './accounts.ts';
import type { RecordKind } from './kind.ts';
import { paymentKind } from './payments.ts';
import { statementKind } from './statements.ts';

/** Makes the kind of a file's records, for the work on one import. */
export const KINDS: Readonly<Record<Records, () => RecordKind<Imported>>> = {
  accounts: accountKind,
  payments: paymentKind,
  statements: statementKind,
};

/** Among whom there may be duplicates afterwards. */
export const BRINGS_PEOPLE: Readonly<Record<Records, boolean>> = { accounts: true, payments: false, statements: false };
