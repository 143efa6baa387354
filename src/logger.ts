import { type Logger, pino } from 'pino';

/** Keys whose values never reach a log, wherever an object that is logged has them at its first or second level. */
const PERSONAL = ['name', 'residentId', 'phone', 'address', 'value', 'authorization', 'detail', 'where', 'parameters'];

/** JSON lines on stdout; on a terminal with pino-pretty installed, lines for people. */
export async function createLogger(level: string): Promise<Logger> {
  const options = { level, redact: PERSONAL.flatMap((key) => [key, `*.${key}`]) };
  if (!process.stdout.isTTY) return pino(options);
  try {
    const { default: pretty } = await import('pino-pretty');
    return pino(options, pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' }));
  } catch {
    return pino(options);
  }
}
