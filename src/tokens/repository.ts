import type { Pool } from 'pg';

export interface ReservationKey {
  readonly customerId: string;
  readonly reservationId: string;
}

/** The sealed address that a reservation is for. */
export interface PermittedAddress {
  readonly contact_point_id: string;
  readonly value_sealed: Buffer;
}

// The address must still be the permitted one, so that a number that has changed since is never signed for.
const ADDRESSES = `/* permittedAddresses */ SELECT found.contact_point_id, found.value_sealed
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked(customer_id, reservation_id, n)
  LEFT JOIN LATERAL (
    SELECT p.contact_point_id, p.value_sealed
    FROM reservations r JOIN contact_points p ON p.customer_id = r.customer_id AND p.contact_point_id = r.contact_point_id
    WHERE r.customer_id = asked.customer_id AND r.reservation_id = asked.reservation_id AND r.released_at IS NULL
      AND p.address_key = r.address_key
    LIMIT 1
  ) found ON true
  ORDER BY asked.n`;

/** In the order asked; null where the reservation was released, or its contact point has another address by now. */
export async function loadPermittedAddresses(
  pool: Pool,
  keys: readonly ReservationKey[],
): Promise<(PermittedAddress | null)[]> {
  const { rows } = await pool.query<{ contact_point_id: string | null; value_sealed: Buffer | null }>({
    name: 'permitted_addresses',
    text: ADDRESSES,
    values: [keys.map(({ customerId }) => customerId), keys.map(({ reservationId }) => reservationId)],
  });
  return rows.map((row) => (row.value_sealed === null ? null : (row as PermittedAddress)));
}
