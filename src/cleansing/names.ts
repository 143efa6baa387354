/** The middle dots that keyboards offer, as one. */
const DOTS = /[·•．・∙‧]/gu;

/** Equal for two spellings of one name; only for comparing, never to be shown. */
export function nameKey(name: string): string {
  return name.replace(DOTS, '·').normalize('NFKC').replace(/\s/gu, '').toUpperCase();
}
