/** What may have been done to a cell before it meant something: a closed list, so that reports can be counted. */
export const CORRECTIONS = [
  'width',
  'blanks',
  'separators',
  'prefix',
  'case',
  'trailing_minus',
  'exponent',
  'date_form',
  'converted_15_to_18',
  'dots',
  'currency_sign',
  'leading_zeros',
  'value_table',
] as const;
export type Correction = (typeof CORRECTIONS)[number];
