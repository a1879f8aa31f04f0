/** Answers that come in pages. */

interface Page<Item> {
  items: Item[];
  next_cursor?: string;
}

/** Read page after page, until the last one or until there are `most` items. */
export async function allPages<Item>(
  read: (cursor: { cursor?: string }) => Promise<Page<Item>>,
  most: number = Number.POSITIVE_INFINITY,
): Promise<Item[]> {
  const items: Item[] = [];
  let next: { cursor?: string } | null = {};
  while (next !== null && items.length < most) {
    const page: Page<Item> = await read(next);
    items.push(...page.items);
    next = page.next_cursor === undefined ? null : { cursor: page.next_cursor };
  }
  return items;
}
