import helmet from '@fastify/helmet';
import { RequestMethod } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { PinoLogger } from 'nestjs-pino';
import { AppModule } from './app.module.js';
import { refuseWithoutKey } from './identity/presented-key.js';
import type { Config } from './platform/config/config.js';
import { ProblemFilter } from './platform/errors/problem.filter.js';
import { Lifecycle } from './platform/health/lifecycle.js';
import { API_PREFIX } from './platform/http/api-prefix.js';
import { refuseWhileStopping } from './platform/http/draining.js';
import {
  answerClientError,
  answerFrameworkError,
  refuseBadEscapes,
  refuseWithoutHost,
} from './platform/http/framework-errors.js';
import { limitBodies, readJsonBodies } from './platform/http/json-body.js';
import { readNdjsonBodies } from './platform/http/ndjson-body.js';
import { answerMethodNotAllowed, MAX_PATH_PARAMETER_LENGTH } from './platform/http/method-not-allowed.js';
import { requestIdOf, sendRequestId } from './platform/http/request-id.js';
import { UnknownInputInterceptor } from './platform/http/unknown-input.interceptor.js';
import { ValidationPipe } from './platform/http/validation/validation.pipe.js';
import { openLogContext } from './platform/logging/log-context.js';
import { loggerParams } from './platform/logging/logger-params.js';
import { QuietLogger } from './platform/logging/quiet-logger.js';
import { logRequests } from './platform/logging/request-log.js';
import { measureRequests } from './platform/metrics/http.metrics.js';
import { serveDocs } from './platform/openapi/docs.js';
import { openApiDocument } from './platform/openapi/document.js';

const BODY_LIMIT_BYTES = 1024 * 1024;
const OPEN_ROUTES = ['health/live', 'health/ready', 'metrics', 'problems', 'problems/:slug'];

/** Version of the API in the OpenAPI document. */
const API_VERSION = '1.0.0';

/** What Swagger UI needs and nothing more: no script, style or connection from outside. */
const CONTENT_SECURITY_POLICY = {
  useDefaults: false,
  directives: {
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'data:'],
    'font-src': ["'self'"],
    'connect-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
  },
};

/**
 * The application as it runs, configured but not yet listening: what `main.ts`, the OpenAPI export and in-process suites
 * have in common.
 */
export async function createApp(config: Config): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    genReqId: requestIdOf,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
    // It is asked for by `refuseWithoutHost`.
    http: { requireHostHeader: false },
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_LENGTH },
  });
  await adapter.getInstance().register(helmet, { contentSecurityPolicy: CONTENT_SECURITY_POLICY });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config), adapter, {
    bodyParser: false,
    logger: new QuietLogger(loggerParams(config)),
    abortOnError: false,
  });
  await configure(app);
  return app;
}

/** The OpenAPI document alone: nothing is connected to, no provider is made. */
export async function createPreview(config: Config): Promise<OpenAPIObject> {
  const app = await NestFactory.create(AppModule.forRoot(config), new FastifyAdapter(), {
    preview: true,
    logger: false,
  });
  app.setGlobalPrefix(API_PREFIX, { exclude: OPEN_ROUTES.map((path) => ({ path, method: RequestMethod.GET })) });
  return openApiDocument(app, API_VERSION);
}

async function configure(app: NestFastifyApplication): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const logger = await app.resolve<PinoLogger>(PinoLogger);
  sendRequestId(fastify);
  openLogContext(fastify);
  measureRequests(fastify);
  logRequests(fastify, logger);
  answerMethodNotAllowed(fastify);
  refuseWhileStopping(fastify, app.get(Lifecycle));
  refuseWithoutHost(fastify);
  refuseBadEscapes(fastify);
  refuseWithoutKey(fastify);
  limitBodies(fastify);
  readJsonBodies(fastify);
  readNdjsonBodies(fastify);
  app.setGlobalPrefix(API_PREFIX, { exclude: OPEN_ROUTES.map((path) => ({ path, method: RequestMethod.GET })) });
  app.useGlobalFilters(new ProblemFilter(logger));
  app.useGlobalInterceptors(new UnknownInputInterceptor());
  app.useGlobalPipes(new ValidationPipe());
  serveDocs(app, API_VERSION);
}
