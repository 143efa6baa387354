/**
 * Maps in order, with up to `ahead` items in work while the next one is being read. A result is given as soon as it and
 * all before it are there, whether more input has come or not. The first failure, in the order of the input, is thrown;
 * what is in work behind it ends unseen.
 */
export async function* mapAhead<I, O>(
  input: AsyncGenerator<I>,
  ahead: number,
  map: (item: I) => Promise<O>,
): AsyncGenerator<O> {
  const inWork: Promise<O>[] = [];
  let reading: Promise<IteratorResult<I>> | null = handled(input.next());
  try {
    while (reading !== null || inWork.length > 0) {
      const oldest = inWork[0];
      const read: IteratorResult<I> | null =
        reading === null || inWork.length >= ahead
          ? null
          : await Promise.race([reading, ...(oldest ? [oldest.then(() => null)] : [])]);
      if (read === null) yield await inWork.shift()!;
      else if (read.done) reading = null;
      else {
        inWork.push(handled(map(read.value)));
        reading = handled(input.next());
      }
    }
  } finally {
    // Not waited for: an input that is being read may have nothing to give for long.
    handled(input.return(undefined));
  }
}

/** Whoever awaits the promise still gets its failure; when nobody does any more, it is no crash of the process. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
