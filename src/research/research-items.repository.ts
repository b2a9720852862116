import { Injectable } from '@nestjs/common';
import type { UserId } from '../identity/user-id.js';
import { Transaction } from '../platform/database/transaction.js';
import { OwnedQuery } from '../platform/paging/owned-query.js';
import type { PageRequest, Slice } from '../platform/paging/pager.js';
import { ItemNotFoundError, type ResearchItemId } from '../prompts/parent-item.js';
import { ResearchItem } from './research-item.entity.js';
import type { ItemDetails, ItemFields, ItemFilters } from './research-items.types.js';

const PROMPT_COUNT = '(select count(*) from prompts p where p.research_item_id = "row".id)';

const COLUMNS = `
  "row".id, "row".title, "row".description, "row".tags,
  "row".created_at as "createdAt", "row".updated_at as "updatedAt"`;

const INSERT = `
  insert into research_items as "row" (user_id, title, description, tags) values ($1, $2, $3, $4)
  returning ${COLUMNS}, 0 as "promptCount"`;

const GET = `
  select ${COLUMNS}, ${PROMPT_COUNT} as "promptCount" from research_items "row" where id = $1 and user_id = $2`;

const LOCK = 'select 1 from research_items where id = $1 and user_id = $2 for no key update';

const UPDATE = `
  update research_items as "row" set title = $3, description = $4, tags = $5, updated_at = now()
  where id = $1 and user_id = $2
  returning ${COLUMNS}, ${PROMPT_COUNT} as "promptCount"`;

/** The newest items with a tag, by the table that is the index of tags. */
const TAGGED = `"row".id in (
  select t.research_item_id from research_item_tags t
  where t.user_id = :owner and t.tag = :tag and t.research_item_id < :beforeId
  order by t.research_item_id desc limit :most)`;
/** The index of searches, where items are filed under their type and owner as well (see the migration). */
const MATCHES = `
  "row".id in (
    select d.document_id from search_documents d
    where d.type = 'research_item' and d.words @@ (search_query(:q) && :filing::tsquery))`;

/** The research items of a user. */
@Injectable()
export class ResearchItemsRepository {
  constructor(private readonly transaction: Transaction) {}

  async insert(owner: UserId, { title, description, tags }: ItemFields): Promise<ItemDetails> {
    const rows = await this.transaction.sql<ItemDetails>(INSERT, [owner, title, description, tags]);
    return rows[0] as ItemDetails;
  }

  /** The item with the number of its prompts, by one query. @throws ItemNotFoundError */
  async get(owner: UserId, id: ResearchItemId): Promise<ItemDetails> {
    const [item] = await this.transaction.sql<ItemDetails>(GET, [id, owner]);
    if (!item) throw new ItemNotFoundError(id);
    return item;
  }

  /** Holds the item until the transaction ends; prompts and runs may still refer to it. @throws ItemNotFoundError */
  async lock(owner: UserId, id: ResearchItemId): Promise<void> {
    const rows = await this.transaction.sql(LOCK, [id, owner]);
    if (rows.length === 0) throw new ItemNotFoundError(id);
  }

  /** @throws ItemNotFoundError */
  async update(owner: UserId, id: ResearchItemId, { title, description, tags }: ItemFields): Promise<ItemDetails> {
    const [item] = await this.transaction.sql<ItemDetails>(UPDATE, [id, owner, title, description, tags]);
    if (!item) throw new ItemNotFoundError(id);
    return item;
  }

  async delete(owner: UserId, id: ResearchItemId): Promise<void> {
    await this.transaction.sql('delete from research_items where id = $1 and user_id = $2', [id, owner]);
  }

  /** One page of the owner's items, newest first, by one query. */
  async list(owner: UserId, { q, tag }: ItemFilters, page: PageRequest): Promise<Slice<ItemDetails>> {
    const query = OwnedQuery.of(this.transaction.manager, ResearchItem, owner);
    if (q !== undefined) {
      query.whereSql(MATCHES, { q, filing: `' research_item ${owner}'` });
    }
    if (tag !== undefined) {
      // With a text besides, nobody knows how many of the tagged ones are needed for a page.
      const most = q === undefined ? page.offset + page.limit + 1 : null;
      query.whereSql(TAGGED, { owner, tag, beforeId: page.beforeId ?? Number.MAX_SAFE_INTEGER, most });
    }
    return query.compute<'promptCount', number>('promptCount', PROMPT_COUNT).newestFirst(page).slice();
  }
}
