/** The pace is told by the places that became free in this time. */
const PACE_MS = 100;
/** Runs of one claim at most, or a tenth of the free places where that is more. */
const CROWD = 5;
/** Runs that start together and are no crowd. */
const PAIR = 2;
/** The pause behind a claim of a crowd. */
const SPREAD_MS = 10;

/**
 * How quickly places for calls become free, and what follows for how many runs are fetched, and begun, at a time.
 *
 * What starts together ends together, if Claude takes its usual time, and is then in each other's way again: so a crowd that finds
 * many idle places is kept apart from its start. Where places become free all the time a pause would only hold up calls that
 * are quick (10,000 of no duration: 493 a second instead of 563).
 */
export class CallPace {
  private freedAt: number[] = [];

  /** A place has become free. */
  freed(): void {
    this.freedAt = this.lately();
    this.freedAt.push(Date.now());
  }

  /** Runs worth fetching beyond those that have a place. One place that becomes free is no pace. */
  get ahead(): number {
    return Math.max(0, this.lately().length - 1);
  }

  /**
   * Runs to claim by one statement.
   * @param free places that are free
   * @param claims statements that share them
   */
  claimSize(free: number, claims: number): number {
    return Math.min(Math.max(CROWD, Math.ceil(free / 10)), Math.ceil(free / claims));
  }

  /**
   * Milliseconds until the next claim.
   * @param begun runs that were just begun
   * @param free places that were free for them
   */
  pauseAfter(begun: number, free: number): number {
    return begun > PAIR && this.lately().length < free ? SPREAD_MS : 0;
  }

  private lately(): number[] {
    const since = Date.now() - PACE_MS;
    return this.freedAt.filter((at) => at > since);
  }
}
