import type { Vault } from './personal-data.ts';
import { invalidFields } from './validation.ts';

/** Where the next page of a list begins: sealed, so a caller neither reads nor makes it, and bound to the list's filters. */

const addressOf = (list: string, filters: object) => ({
  table: 'cursor',
  column: list,
  rowId: JSON.stringify(filters),
});

export function cursorOf(vault: Vault, list: string, filters: object, position: string): string {
  return vault.seal(addressOf(list, filters), position).toString('base64url');
}

/** The position in a cursor that `cursorOf` made for the same list and filters. Throws VALIDATION_FAILED for any other. */
export function positionOf(vault: Vault, list: string, filters: object, cursor: string): string {
  try {
    return vault.open(addressOf(list, filters), Buffer.from(cursor, 'base64url'));
  } catch {
    const message = 'must be the nextCursor of a page with the same filters';
    throw invalidFields([{ pointer: '/cursor', code: 'INVALID_VALUE', message }]);
  }
}
