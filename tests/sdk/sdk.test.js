'use strict';
/*
 * What Genesys's own SDK does against the sandbox: every call goes through the SDK, except those
 * to the control path. The steps build on each other and run in order.
 */
const assert = require('node:assert/strict');
const { test, before, beforeEach } = require('node:test');
const sdk = require('purecloud-platform-client-v2');

const base = new URL(process.env.SANDBOX_URL);
const client = sdk.ApiClient.instance;
const automation = new sdk.ProcessAutomationApi();

const topic = 'v2.detail.events.conversation.{id}.acd.end';
const otherTopic = 'v2.detail.events.conversation.{id}.customer.start';
const flow = 'b008976c-e085-43b7-b27d-9c0efd5fbfb5';
const subscriptions = '/api/v2/eventstreams/subscriptions';

async function control(method, path, body) {
  const response = await fetch(new URL(`/_sandbox/${path}`, base), {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.status === 204 ? null : response.json();
}

/* The SDK's own way to call a path that it has no method for. */
function call(method, path, { ids = {}, query = {}, body = null } = {}) {
  return client.callApi(path, method, ids, query, {}, {}, body, ['PureCloud OAuth'],
    ['application/json'], ['application/json']);
}

/* What a call was refused with: the SDK rejects with the error body. */
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail('the call was not refused');
}

/* A refusal with status and headers, as extended responses give it. */
async function extendedRefusal(action) {
  client.setReturnExtendedResponses(true);
  try {
    return await refusal(action());
  } finally {
    client.setReturnExtendedResponses(false);
  }
}

function assertErrorBody(error, status, code) {
  assert.equal(error.status, status);
  assert.equal(error.code, code);
  assert.equal(typeof error.message, 'string');
  assert.match(error.contextId, /^[0-9a-f-]{36}$/);
  assert.ok(Array.isArray(error.details));
  assert.ok(Array.isArray(error.errors));
}

function trigger(name, more = {}) {
  return {
    name,
    topicName: topic,
    enabled: true,
    target: { type: 'Workflow', id: flow },
    matchCriteria: [{ jsonPath: 'mediaType', operator: 'Equal', value: 'VOICE' }],
    ...more,
  };
}

function subscription(name, more = {}) {
  return {
    name,
    eventTypes: ['Interaction.Created', 'Interaction.Closed'],
    filterExpression: { field: 'interactionType', operator: 'EQ', value: 'voice' },
    delivery: { url: 'https://ingest.example/events' },
    ...more,
  };
}

async function logIn(id, secret) {
  return client.loginClientCredentialsGrant(id, secret);
}

before(() => {
  client.config.setGateway({
    host: base.hostname,
    protocol: 'http',
    port: Number(base.port),
  });
  /* The SDK reports every refused call on the console; refusals are expected here. */
  client.config.logger.log_level = client.config.logger.logLevelEnum.level.LNone;
  client.config.logger.log_to_console = false;
  client.config.logger.setLogger();
});

beforeEach(() => control('DELETE', 'faults'));

test('a wrong secret and an unknown client are refused', async () => {
  const wrong = await refusal(logIn('sdk-one', 'not the secret'));
  assert.equal(wrong.response.status, 400);
  assert.equal(wrong.response.data.error, 'invalid_client');
  assert.equal(wrong.response.data.description, wrong.response.data.error_description);
  assert.match(wrong.response.headers['inin-correlation-id'], /^[0-9a-f-]{36}$/);
  const unknown = await refusal(logIn('nobody', 'secret'));
  assert.equal(unknown.response.data.error, 'invalid_client');
});

test('without a token, and with a wrong one, the API answers 401', async () => {
  client.setAccessToken('');
  assertErrorBody(await refusal(automation.getProcessautomationTriggers()), 401,
    'authentication.required');
  client.setAccessToken('stolen');
  const wrong = await extendedRefusal(() => automation.getProcessautomationTriggers());
  assertErrorBody(wrong.body, 401, 'bad.credentials');
  assert.match(wrong.headers['www-authenticate'], /^Bearer/);
});

test('the login is rate limited by a 400', async () => {
  await control('PUT', 'faults', [{ fault: 'login_rate_limited', times: 1 }]);
  const limited = await refusal(logIn('sdk-one', 'secret-one'));
  assert.equal(limited.response.status, 400);
  assert.equal(limited.response.data.error, 'invalid_request');
  assert.match(limited.response.data.error_description, /^rate limit exceeded;/);
});

test('logs in and learns who it is', async () => {
  const auth = await logIn('sdk-one', 'secret-one');
  assert.ok(auth.accessToken.length > 40);
  const seconds = (auth.tokenExpiryTime - Date.now()) / 1000;
  assert.ok(seconds > 86000 && seconds < 86400, `${seconds} s`);
  const tokens = new sdk.TokensApi();
  const me = await tokens.getTokensMe();
  assert.equal(me.organization.name, 'acme-dev');
  assert.equal(me.homeOrganization.id, me.organization.id);
  assert.equal(me.OAuthClient.id, 'sdk-one');
  await tokens.headTokensMe();
  const organization = await new sdk.OrganizationApi().getOrganizationsMe();
  assert.equal(organization.id, me.organization.id);
});

let created;

test('creates a trigger and gets the server defaults', async () => {
  client.setReturnExtendedResponses(true);
  const response = await automation.postProcessautomationTriggers(trigger('first'));
  client.setReturnExtendedResponses(false);
  assert.equal(response.status, 200);
  for (const header of ['count', 'allowed', 'reset'])
    assert.match(response.headers[`inin-ratelimit-${header}`], /^\d+$/);
  created = response.body;
  assert.equal(created.version, 1);
  assert.equal(created.target.workflowTargetSettings.dataFormat, 'TopLevelPrimitives');
  assert.equal(created.selfUri, `/api/v2/processautomation/triggers/${created.id}`);
  assert.deepEqual(await automation.getProcessautomationTrigger(created.id), created);
  const bare = await automation.postProcessautomationTriggers(
    trigger('bare', { matchCriteria: undefined, topicName: otherTopic, delayBySeconds: 60 }));
  assert.deepEqual(bare.matchCriteria, []);
  assert.equal(bare.delayBySeconds, 60);
});

const refused = {
  'an unknown topic': { topicName: 'v2.no.such.{id}' },
  'no name': { name: undefined },
  'a name that is too long': { name: 'x'.repeat(257) },
  'no enabled': { enabled: undefined },
  'no target': { target: undefined },
  'a target that is no workflow': { target: { type: 'Bot', id: flow } },
  'a target id that is no UUID': { target: { type: 'Workflow', id: 'x' } },
  'both timings': { eventTTLSeconds: 10, delayBySeconds: 60 },
  'a TTL that is too short': { eventTTLSeconds: 9 },
  'a delay that is too long': { delayBySeconds: 901 },
  'a description that is too long': { description: 'x'.repeat(513) },
  'a jsonPath with $': { matchCriteria: [{ jsonPath: '$.a', operator: 'Equal', value: 1 }] },
  'an unknown operator': { matchCriteria: [{ jsonPath: 'a', operator: 'EQ', value: 1 }] },
  'In without values': { matchCriteria: [{ jsonPath: 'a', operator: 'In', value: 1 }] },
  'Equal with both': {
    matchCriteria: [{ jsonPath: 'a', operator: 'Equal', value: 1, values: [1] }],
  },
  'Exists with a string': { matchCriteria: [{ jsonPath: 'a', operator: 'Exists', value: 'x' }] },
};

for (const [what, change] of Object.entries(refused)) {
  test(`refuses a trigger with ${what}`, async () => {
    const error = await refusal(
      automation.postProcessautomationTriggers(trigger('refused', change)));
    assert.equal(error.status, 400);
    assert.ok(error.details.length > 0);
    assert.equal(typeof error.details[0].fieldName, 'string');
  });
}

test('lists triggers over several pages', async () => {
  for (let i = 0; i < 10; i++)
    await automation.postProcessautomationTriggers(trigger(`page ${i}`));
  const seen = [];
  const opts = { pageSize: '5' };
  let page;
  do {
    page = await automation.getProcessautomationTriggers(opts);
    seen.push(...page.entities.map((one) => one.id));
    assert.ok(page.selfUri.startsWith('/api/v2/processautomation/triggers'));
    if (page.nextUri)
      opts.after = new URL(page.nextUri, base).searchParams.get('after');
  } while (page.nextUri);
  assert.equal(seen.length, 12);
  assert.equal(new Set(seen).size, 12);
  const before = new URL(page.previousUri, base).searchParams.get('before');
  const back = await automation.getProcessautomationTriggers({ pageSize: '5', before });
  assert.deepEqual(back.entities.map((one) => one.id), seen.slice(5, 10));
});

test('filters the listing', async () => {
  const of = async (opts) => (await automation.getProcessautomationTriggers(opts)).entities;
  assert.equal((await of({ topicName: otherTopic })).length, 1);
  assert.equal((await of({ topicName: `${topic},${otherTopic}` })).length, 12);
  assert.equal((await of({ enabled: false })).length, 0);
  assert.equal((await of({ hasDelayBy: true })).length, 1);
  const error = await refusal(automation.getProcessautomationTriggers({ pageSize: '201' }));
  assert.equal(error.status, 400);
});

test('updates a trigger; a stale version gets 409', async () => {
  const update = trigger('renamed', { version: 1, enabled: false });
  const updated = await automation.putProcessautomationTrigger(created.id, update);
  assert.equal(updated.version, 2);
  assert.equal(updated.name, 'renamed');
  assert.equal(updated.enabled, false);
  assertErrorBody(await refusal(automation.putProcessautomationTrigger(created.id, update)), 409,
    'version.conflict');
  const moved = await refusal(automation.putProcessautomationTrigger(created.id,
    trigger('renamed', { version: 2, topicName: otherTopic })));
  assert.equal(moved.status, 400);
});

const event = { eventTime: 1700000000000, conversationId: 'c', mediaType: 'VOICE' };

test('tests one trigger', async () => {
  const body = JSON.stringify(event);
  const result = await automation.postProcessautomationTriggerTest(created.id, { body });
  assert.equal(result.triggerMatches, true);
  assert.equal(result.schemaValidation.matches, true);
  assert.equal(result.targetValidation.matches, true);
  assert.deepEqual(result.jsonPathValidation.details[0].jsonPathExtraction,
    [{ value: 'VOICE', path: "$['mediaType']" }]);
  const other = await automation.postProcessautomationTriggerTest(created.id,
    { body: JSON.stringify({ ...event, mediaType: 'EMAIL' }) });
  assert.equal(other.triggerMatches, false);
  const wrong = await automation.postProcessautomationTriggerTest(created.id,
    { body: JSON.stringify({ ...event, eventTime: 'now' }) });
  assert.equal(wrong.schemaValidation.matches, false);
  assert.equal(wrong.schemaValidation.details.length, 1);
});

test('tests all triggers of a topic', async () => {
  const result = await automation.postProcessautomationTriggersTopicTest(topic,
    { body: JSON.stringify(event) });
  assert.equal(result.triggerMatchValidation.matchedTriggers.length, 11);
  assert.equal(result.triggerMatchValidation.unmatchedTriggers.length, 0);
  const unknown = await refusal(
    automation.postProcessautomationTriggersTopicTest('v2.no.{id}', { body: '{}' }));
  assert.equal(unknown.status, 404);
});

test('lists the topics', async () => {
  const first = await automation.getProcessautomationTriggersTopics({ pageSize: '10' });
  assert.equal(first.entities.length, 10);
  const after = new URL(first.nextUri, base).searchParams.get('after');
  const second = await automation.getProcessautomationTriggersTopics({ pageSize: '10', after });
  assert.ok([...first.entities, ...second.entities].includes(otherTopic));
});

test('works with subscriptions through the generic call', async () => {
  const made = await call('POST', subscriptions, {
    body: subscription('voice', { batching: { mode: 'Batched' }, id: 'mine', health: null }),
  });
  assert.match(made.id, /^sub-\d{8}$/);
  assert.deepEqual(made.batching, { mode: 'Batched', windowMs: 100, maxSize: 50 });
  assert.equal(made.enabled, true);
  assert.equal(made.domain, 'Interaction');
  assert.equal(made.health.state, 'HEALTHY');
  assert.match(made.delivery.publicKey, /^-----BEGIN PUBLIC KEY-----\n/);
  const ids = { subscriptionId: made.id };
  const one = `${subscriptions}/{subscriptionId}`;
  assert.deepEqual(await call('GET', one, { ids }), made);
  assertErrorBody(await refusal(call('POST', subscriptions, { body: subscription('voice') })), 409,
    'duplicate.name');
  const next = await call('PUT', one, { ids, body: { ...made, enabled: false } });
  assert.equal(next.version, 2);
  assert.equal(next.enabled, false);
  assertErrorBody(await refusal(call('PUT', one, { ids, body: made })), 409, 'version.conflict');
  for (let i = 0; i < 3; i++)
    await call('POST', subscriptions, { body: subscription(`more ${i}`) });
  const page = await call('GET', subscriptions, { query: { pageSize: 3 } });
  assert.equal(page.entities.length, 3);
  const after = new URL(page.nextUri, base).searchParams.get('after');
  const rest = await call('GET', subscriptions, { query: { pageSize: 3, after } });
  assert.equal(rest.entities.length, 1);
  assert.equal(rest.nextUri, undefined);
  await call('DELETE', one, { ids });
  assertErrorBody(await refusal(call('GET', one, { ids })), 404, 'not.found');
});

test('shows the limits', async () => {
  const api = new sdk.OrganizationApi();
  const limits = await api.getOrganizationsLimitsNamespace('event.orchestration');
  const key = 'event.orchestration.workflow.invocations.per.minute';
  assert.equal(limits.entities.find((one) => one.key === key).value, 6000);
  assert.ok((await api.getOrganizationsLimitsNamespaceDefaults('event.orchestration')).entities);
  assert.ok((await api.getOrganizationsLimitsNamespaces()).entities.length > 0);
  const unknown = await refusal(api.getOrganizationsLimitsNamespace('no.such'));
  assert.equal(unknown.status, 404);
});

test('the audit names who changed what', async () => {
  await logIn('sdk-two', 'secret-two');
  await automation.putProcessautomationTrigger(created.id,
    trigger('renamed again', { version: 2, enabled: false }));
  const audits = new sdk.AuditApi();
  const interval = '2020-01-01T00:00:00Z/2099-01-01T00:00:00Z';
  const ask = (more) => audits.postAuditsQueryRealtime({ interval, ...more });
  const found = await ask({
    serviceName: 'ProcessAutomation',
    filters: [{ property: 'EntityId', value: created.id }],
  });
  assert.equal(found.total, 3);
  const [last, , first] = found.entities;
  assert.equal(first.action, 'Create');
  assert.equal(first.client.id, 'sdk-one');
  assert.equal(last.action, 'Update');
  assert.equal(last.client.id, 'sdk-two');
  assert.equal(last.entity.id, created.id);
  assert.deepEqual(last.remoteIp, ['127.0.0.1']);
  assert.deepEqual(last.propertyChanges.find((one) => one.property === 'name'),
    { property: 'name', oldValues: ['renamed'], newValues: ['renamed again'] });
  const paged = await ask({ serviceName: 'Triggers', pageSize: 5, pageNumber: 3 });
  assert.equal(paged.entities.length, paged.total - 10);
  assert.equal(paged.pageCount, 3);
  assert.ok((await audits.getAuditsQueryRealtimeServicemapping()).services.length > 0);
  assert.equal((await refusal(ask({ interval: 'yesterday' }))).status, 400);
});

test('a permission that is missing gets 403', async () => {
  await control('PUT', 'settings', { deny: ['processautomation:trigger:add'] });
  const error = await refusal(automation.postProcessautomationTriggers(trigger('denied')));
  assertErrorBody(error, 403, 'missing.any.permissions');
  assert.match(error.message, /\[processautomation:trigger:add\]$/);
  await control('PUT', 'settings', { deny: [] });
});

test('too many calls get 429', async () => {
  await control('PUT', 'settings', { rate_limit: 3 });
  await logIn('sdk-one', 'secret-one');
  for (let i = 0; i < 3; i++)
    await automation.getProcessautomationTriggers();
  const error = await extendedRefusal(() => automation.getProcessautomationTriggers());
  assertErrorBody(error.body, 429, 'too.many.requests.retry.after');
  assert.equal(error.headers['retry-after'], error.headers['inin-ratelimit-reset']);
  assert.ok(error.body.message.includes(`[${error.headers['retry-after']}] seconds`));
  await control('PUT', 'settings', { rate_limit: 0 });
});

test('deletes a trigger', async () => {
  client.setReturnExtendedResponses(true);
  const response = await automation.deleteProcessautomationTrigger(created.id);
  client.setReturnExtendedResponses(false);
  assert.equal(response.status, 204);
  assertErrorBody(await refusal(automation.getProcessautomationTrigger(created.id)), 404,
    'not.found');
  assertErrorBody(await refusal(automation.deleteProcessautomationTrigger(created.id)), 404,
    'not.found');
});

test('a token that was given back is worth nothing', async () => {
  await new sdk.TokensApi().deleteTokensMe();
  assertErrorBody(await refusal(automation.getProcessautomationTriggers()), 401,
    'bad.credentials');
});

test('every request was counted', async () => {
  const { counts, log } = await control('GET', 'requests');
  assert.equal(counts['DELETE /api/v2/processautomation/triggers/{triggerId}'], 2);
  assert.ok(log.includes(`GET /api/v2/processautomation/triggers/${created.id}`));
});
