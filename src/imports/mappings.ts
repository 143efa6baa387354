import type { ImportSource, Mapping } from './mapping.ts';
import { defaultMapping } from './mapping-default.ts';
import { uciMapping } from './mapping-uci.ts';

/** Every source that a file may come from. */
export const MAPPINGS: Readonly<Record<ImportSource, Mapping>> = { default: defaultMapping, uci: uciMapping };
