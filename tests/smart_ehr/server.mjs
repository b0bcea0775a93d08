// An EHR that launches SMART apps: oidc-provider does the authorization, this file only the launch context around it.
// node server.mjs PORT TOLD: TOLD is JSON, { redirect, back, resources, secret, key }. `back` is where a logout leads to;
// resources: "Patient/1" → resource, also "DiagnosticReport?encounter=1"; key: the public JWK of the client that signs.
import Provider from "oidc-provider";

const port = process.argv[2];
const { redirect, back, resources, secret, key } = JSON.parse(process.argv[3]);
const issuer = `http://127.0.0.1:${port}`;
const fhir = `${issuer}/fhir`;
const contexts = new Map(); // grant id → what the EHR had open
const common = { redirect_uris: [redirect], response_types: ["code"], grant_types: ["authorization_code"], post_logout_redirect_uris: [back] };
const shows = (method) => ({ ...common, client_id: `${method}-app`, token_endpoint_auth_method: method });

const provider = new Provider(issuer, {
  clients: [
    { ...common, client_id: "public-app", token_endpoint_auth_method: "none" },
    ...["client_secret_basic", "client_secret_post", "client_secret_jwt"].map((each) => ({ ...shows(each), client_secret: secret })),
    { ...shows("private_key_jwt"), jwks: { keys: [key] }, token_endpoint_auth_signing_alg: "ES384" },
  ],
  enabledJWA: { clientAuthSigningAlgValues: ["HS256", "ES384"] },
  scopes: ["openid", "profile", "launch", "fhirUser", "patient/Patient.rs", "patient/DiagnosticReport.rs", "patient/ServiceRequest.rs"],
  claims: { openid: ["sub"], profile: ["name", "roles"], fhirUser: ["fhirUser", "name"] },
  conformIdTokenClaims: false,
  extraParams: ["launch", "aud"],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ["only-for-tests"] },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: "Dr Launched", roles: ["reviewer"], fhirUser: `${fhir}/Practitioner/${id}` }) }),
});

const answer = (ctx, status, body) => { ctx.status = status; ctx.body = body; };

// `launch` is the EHR's own: here it holds who sits at it and what is open, for a test to choose. Without one it is a login.
const interact = async (ctx) => {
  const { params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  const { sub, ...open } = params.launch ? JSON.parse(Buffer.from(params.launch, "base64url")) : { sub: "dr-lee" };
  if (params.launch && params.aud !== fhir) return answer(ctx, 400, { error: "aud is not this FHIR server" });
  const grant = new provider.Grant({ accountId: sub, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const grantId = await grant.save();
  contexts.set(grantId, open);
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: sub }, consent: { grantId } }, { mergeWithLastSubmission: false });
};

const read = async (ctx) => {
  const token = await provider.AccessToken.find((ctx.get("authorization") || "").replace("Bearer ", ""));
  const name = decodeURIComponent(ctx.url.slice("/fhir/".length));
  if (!token?.scope?.includes(`patient/${name.split(/[/?]/)[0]}.`)) return answer(ctx, 403, { resourceType: "OperationOutcome" });
  answer(ctx, resources[name] ? 200 : 404, resources[name] || { resourceType: "OperationOutcome" });
};

provider.use(async (ctx, next) => {
  if (ctx.path === "/fhir/.well-known/smart-configuration") {
    return answer(ctx, 200, {
      issuer, jwks_uri: `${issuer}/jwks`, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`,
      code_challenge_methods_supported: ["S256"], capabilities: ["launch-ehr", "client-public", "sso-openid-connect", "permission-v2"],
    });
  }
  if (ctx.path.startsWith("/interaction/")) return interact(ctx);
  if (ctx.path.startsWith("/fhir/")) return read(ctx);
  await next();
  if (ctx.oidc?.route === "token" && ctx.status === 200) Object.assign(ctx.body, contexts.get(ctx.oidc.entities.AuthorizationCode.grantId));
});

provider.listen(Number(port), "127.0.0.1", () => console.log(port));
