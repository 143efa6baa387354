import { checkResidentId, type ResidentIdReading } from '../cleansing/resident-id.ts';
import type { Vault } from '../personal-data.ts';
import type { CustomerInput, ResidentIdCheck } from './schemas.ts';

type Holder = Pick<CustomerInput, 'residentId' | 'jurisdictions'>;

/** The customer's zones may be unknown, so the latest date anywhere on earth (UTC+14) is still today. */
export function latestToday(now: Temporal.Instant): string {
  if (now !== last.now) last = { now, today: now.add({ hours: 14 }).toString().slice(0, 10) };
  return last.today;
}

/** Of the instant that was asked last: the rows of a file have one, and civil time takes long. */
let last = { now: Temporal.Instant.fromEpochMilliseconds(0), today: '1970-01-01' };

/** Full-width digits and a small x are how people type it; the stored form is what equality is judged by. */
export function foldNumber(text: string): string {
  return text.normalize('NFKC').replace(/\s/gu, '').toUpperCase();
}

const CHECKS: Record<NonNullable<ResidentIdReading['problem']>, ResidentIdCheck> = {
  form: 'unchecked',
  check_character: 'wrong_check_character',
  date: 'wrong_date',
  region: 'wrong_region',
};

/** Whether a resident id can be right, judged on `today`; null without one, unchecked for one that is not of China. */
export function residentIdCheckOf({ residentId, jurisdictions }: Holder, today: string): ResidentIdCheck | null {
  if (residentId === null) return null;
  if (!jurisdictions.includes('CN')) return 'unchecked';
  const { problem } = checkResidentId(residentId, today);
  return problem === null ? 'valid' : CHECKS[problem];
}

/**
 * The keys of a resident id: by one that can be right people are matched, 15 digits and 18 as the same; one that cannot is
 * kept to search for it.
 */
export function idKeysOf(
  vault: Vault,
  holder: Holder,
  today: string,
): { readonly matching: Buffer | null; readonly searching: Buffer | null } {
  const { residentId } = holder;
  const check = residentIdCheckOf(holder, today);
  if (residentId === null) return { matching: null, searching: null };
  if (check !== 'valid' && check !== 'unchecked')
    return { matching: null, searching: vault.index('resident_id', residentId) };
  const value = check === 'valid' ? checkResidentId(residentId, today).value : residentId;
  return { matching: vault.index('resident_id', value), searching: null };
}

/** The keys under which customers with this resident id may be on file: as a valid number, and as it was written. */
export function searchKeysOf(vault: Vault, residentId: string, now: Temporal.Instant): Buffer[] {
  const { problem, value } = checkResidentId(residentId, latestToday(now));
  const values = new Set([residentId, ...(problem === null ? [value] : [])]);
  return [...values].map((one) => vault.index('resident_id', one));
}
