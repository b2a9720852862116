import { Logger, type Params, PinoLogger } from 'nestjs-pino';

/** Nest's own contexts that tell at each start what the source tells: every module, every route. */
const CHATTY = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);
/** Nest's own contexts that print a failed boot, which `main.ts` explains in one line. */
const BOOT = new Set(['ExceptionHandler', 'NestApplication']);

/** nestjs-pino's logger for Nest itself, from its first line on, without what repeats the source or `main.ts`. */
export class QuietLogger extends Logger {
  constructor(params: Params) {
    super(new PinoLogger(params), params);
  }

  override log(message: unknown, ...parameters: unknown[]): void {
    if (CHATTY.has(String(parameters.at(-1)))) this.debug(message, ...parameters);
    else super.log(message, ...parameters);
  }

  override error(message: unknown, ...parameters: unknown[]): void {
    if (BOOT.has(String(parameters.at(-1)))) this.debug(message, ...parameters);
    else super.error(message, ...parameters);
  }
}
