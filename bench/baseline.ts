import fastify from 'fastify';
import pg from 'pg';

/**
 * What a route costs before it decides anything: Fastify, `pg` with named statements, JSON. `check` is one look-up by
 * primary key; `reserve` one compare-and-set with its record, durable; `reserve-4` the same as four statements.
 */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.DATABASE_POOL_SIZE) });
const app = fastify({ logger: false });

interface Params {
  readonly id: string;
}

app.get<{ Params: Params }>('/check/:id', async (request) => {
  const text = 'SELECT customer_id, language, jurisdictions, time_zones FROM customers WHERE customer_id = $1';
  const { rows } = await pool.query({ name: 'check', text, values: [request.params.id] });
  return rows[0];
});

const TAKE =
  'UPDATE baseline_slots SET taken = taken + 1 WHERE customer_id = $1 AND taken < 1000 RETURNING customer_id';
const RECORD = 'INSERT INTO baseline_reservations (reservation_id, customer_id, reserved_at)';
const now = () => new Date().toISOString();

app.post<{ Params: Params }>('/reserve/:id', async (request) => {
  const { rowCount } = await pool.query({
    name: 'reserve',
    text: `WITH taken AS (${TAKE}) ${RECORD} SELECT $2, customer_id, $3 FROM taken`,
    values: [request.params.id, crypto.randomUUID(), now()],
  });
  return { permitted: rowCount === 1 };
});

app.post<{ Params: Params }>('/reserve-4/:id', async (request) => {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const { rowCount } = await client.query({ name: 'take', text: TAKE, values: [request.params.id] });
    if (rowCount === 1) {
      const values = [crypto.randomUUID(), request.params.id, now()];
      await client.query({ name: 'record', text: `${RECORD} VALUES ($1, $2, $3)`, values });
    }
    await client.query('COMMIT');
    return { permitted: rowCount === 1 };
  } finally {
    client.release();
  }
});

app.get('/readyz', async () => ({ status: 'ok' }));
process.once('SIGTERM', () => void app.close().then(() => pool.end()));
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
