/**
 * What had to be done to a cell so that it means what it says; the value itself never changes meaning. Blanks around a
 * cell, thousands separators that the format allows and the E.164 form of a number are no faults.
 */
export const CORRECTIONS = [
  /** Full-width digits, letters and signs. */
  'width',
  /** Blanks and invisible marks inside. */
  'blanks',
  /** Dashes, dots and brackets inside a number, thousands separators. */
  'separators',
  /** 86, 0086, 0 or a carrier's access code before a number; an apostrophe that a spreadsheet put before digits. */
  'prefix',
  /** Small letters where capitals stand, or the reverse. */
  'case',
  /** `100.00-` of core systems. */
  'trailing_minus',
  /** `5.00E+05`. */
  'exponent',
  /** A date in another form than YYYY-MM-DD. */
  'date_form',
  /** A resident id of the first generation. */
  'converted_15_to_18',
  /** Another middle dot than U+00B7 in a name. */
  'dots',
  'currency_sign',
  'leading_zeros',
  /** A word of the source for one of ours (`正常` for `open`). */
  'value_table',
] as const;

export type Correction = (typeof CORRECTIONS)[number];

/** The corrections that were made, each once, in the order of the list. */
export function inOrder(made: ReadonlySet<Correction>): readonly Correction[] {
  return CORRECTIONS.filter((correction) => made.has(correction));
}
