import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { openApiDocument } from './document.js';

/**
 * Swagger UI at `/docs` and the document at `/openapi.json`. The document is built at the first request for it: it costs
 * more than the rest of the start together.
 */
export function serveDocs(app: NestFastifyApplication, version: string): void {
  let document: OpenAPIObject | undefined;
  const build = (): OpenAPIObject => (document ??= openApiDocument(app, version));
  SwaggerModule.setup('docs', app, build, {
    raw: ['json'],
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Dossier API',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      validatorUrl: null,
      tryItOutEnabled: true,
    },
  });
}
