import type { EntityManager, EntityMetadata, EntityTarget, ObjectLiteral } from 'typeorm';
import type { PageRequest, Slice } from './pager.js';

/** What every owned table has. */
export interface OwnedRow extends ObjectLiteral {
  id: number;
  userId: number;
}

/**
 * The fluent query of the list repositories. It begins with the owner, so that no list can forget it:
 * `OwnedQuery.of(manager, Run, owner).where('status', 'failed').newestFirst(page).slice()`.
 *
 * It writes its SQL itself from the entity's metadata, and rows are plain objects as pg reads them: TypeORM's builder and
 * hydration cost more than a whole list of 20 does here.
 */
export class OwnedQuery<Row extends OwnedRow> {
  private readonly conditions: string[] = [];
  private readonly values: unknown[] = [];
  private readonly computed: string[] = [];
  private columns: readonly string[];
  private size: number | null = null;
  private tail = '';

  private constructor(
    private readonly manager: EntityManager,
    private readonly metadata: EntityMetadata,
  ) {
    this.columns = metadata.columns.map(({ propertyName }) => propertyName);
  }

  /** @param owner whose rows; nobody else's are ever seen. */
  static of<Row extends OwnedRow>(
    manager: EntityManager,
    entity: EntityTarget<Row>,
    owner: Row['userId'],
  ): OwnedQuery<Row> {
    return new OwnedQuery<Row>(manager, manager.dataSource.getMetadata(entity)).where('userId', owner);
  }

  /** Reads these columns alone; `id` always comes along. */
  select(columns: readonly (keyof Row & string)[]): this {
    this.columns = [...new Set(['id', ...columns])];
    return this;
  }

  /** Reads one value more, which an SQL expression over `row` computes. */
  compute<Name extends string, Value>(name: Name, expression: string): OwnedQuery<Row & Record<Name, Value>> {
    this.computed.push(`${expression} as "${name}"`);
    return this as unknown as OwnedQuery<Row & Record<Name, Value>>;
  }

  /** Keeps rows whose column equals the value; undefined keeps all. */
  where<Column extends keyof Row & string>(column: Column, value: Row[Column] | undefined): this {
    if (value !== undefined) this.conditions.push(`${this.path(column)} = ${this.bind(value)}`);
    return this;
  }

  /** Keeps rows that satisfy a condition in SQL over `row`, with named parameters (`:name`). */
  whereSql(condition: string, parameters: ObjectLiteral = {}): this {
    const sql = condition.replace(/(?<!:):([a-z]\w*)/gi, (_, name: string) => this.bind(parameters[name]));
    this.conditions.push(`(${sql})`);
    return this;
  }

  /** Newest first, one page of them. */
  newestFirst({ limit, beforeId, offset }: PageRequest): this {
    if (beforeId !== null) this.conditions.push(`${this.path('id')} < ${this.bind(beforeId)}`);
    this.size = limit;
    // One more than asked tells whether there is a next page.
    this.tail = ` order by ${this.path('id')} desc limit ${this.bind(limit + 1)}`;
    if (offset > 0) this.tail += ` offset ${this.bind(offset)}`;
    return this;
  }

  /** Runs the query. */
  async slice(): Promise<Slice<Row>> {
    const columns = this.columns.map((property) => `${this.path(property)} as "${property}"`);
    const text = `select ${[...columns, ...this.computed].join(', ')} from ${this.metadata.tablePath} "row" where ${this.conditions.join(' and ')}${this.tail}`;
    const rows = await this.manager.query<Row[]>(text, this.values);
    const size = this.size ?? rows.length;
    return { rows: rows.slice(0, size), more: rows.length > size };
  }

  private path(property: string): string {
    const column = this.metadata.findColumnWithPropertyName(property);
    if (!column) throw new Error(`${this.metadata.name} has no column ${property}`);
    return `"row"."${column.databaseName}"`;
  }

  private bind(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}
