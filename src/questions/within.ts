import { AppError } from '../errors.ts';

/** Does the work; what it refuses a field for is told of the field where it stands in the whole request. */
export function within<T>(pointer: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AppError) || error.errors.length === 0) throw error;
    const errors = error.errors.map((one) => ({ ...one, pointer: `${pointer}${one.pointer}` }));
    throw new AppError(error.code, error.message, { errors });
  }
}
