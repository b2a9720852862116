import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';

/** Nest's own contexts that tell at each start what the source tells: every module, every route. */
const CHATTY = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/** nestjs-pino's logger for Nest itself, with the line for every module and route at debug. */
@Injectable()
export class QuietLogger extends Logger {
  override log(message: unknown, ...parameters: unknown[]): void {
    if (CHATTY.has(String(parameters.at(-1)))) this.debug(message, ...parameters);
    else super.log(message, ...parameters);
  }
}
