import type { RowCode } from '../cells.ts';
import type { Origin } from '../on-file.ts';
import type { FieldName } from '../sources/fields.ts';

/** Something about a field of a row, told of its column. */
export interface Remark {
  readonly field: FieldName;
  readonly code: RowCode;
}

/** What becomes of a row that means something. */
export type Fate =
  | { readonly kind: 'new'; readonly warnings?: readonly Remark[] }
  /** Everything it says is on file, or stands in an earlier row. */
  | { readonly kind: 'known'; readonly of: Origin | { readonly row: number } }
  | { readonly kind: 'refused'; readonly problems: readonly Remark[] };

export function refused(field: FieldName, code: RowCode): Fate {
  return { kind: 'refused', problems: [{ field, code }] };
}

export function isFate(one: object): one is Fate {
  return 'kind' in one;
}
