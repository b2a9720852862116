import { Injectable } from '@nestjs/common';
import type { UserId } from '../../identity/user-id.js';
import { type DayRange, parseDay } from '../../platform/time/day.js';
import { dayRange } from './day-range.js';
import { UsageRepository } from './usage.repository.js';
import type { UsageGroup, UsageShare } from './usage.types.js';

/** What is asked of usage; days as they were given, checked. */
export interface UsageQuestion {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly groupBy: UsageGroup;
}

/** Usage by day, model or item, and the days that it is of. */
export interface UsageReport {
  readonly shares: readonly UsageShare[];
  readonly range: DayRange;
}

/** Tells users what their runs used. */
@Injectable()
export class UsageService {
  constructor(private readonly repository: UsageRepository) {}

  /** @throws ValidationFailedError for a range of days that is none, or too long */
  async report(owner: UserId, { from, to, groupBy }: UsageQuestion): Promise<UsageReport> {
    const range = dayRange(
      from === undefined ? null : parseDay(from),
      to === undefined ? null : parseDay(to),
      new Date(),
    );
    return { shares: await this.repository.sumsBy(groupBy, owner, range), range };
  }
}
