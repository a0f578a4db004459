const AT_ONCE_MAX = 4;

/** Maps with at most {@link AT_ONCE_MAX} calls under way; the results keep the order of the items. */
export const mapBounded = async <Item, Result>(
  items: readonly Item[],
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await map(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE_MAX }, work));
  return results;
};
