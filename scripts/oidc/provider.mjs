// An identity provider of the tests: the certified oidc-provider with its own sign-in form, one client, people by name, and one route of ours:
// POST /test/rotate makes it sign with another key from now on.
// Arguments: port, client id, client secret, address that people are sent back to, address that they are sent to when they sign out.
import { createServer } from 'node:http'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import Provider from 'oidc-provider'

const [port, client, secret, back, out] = process.argv.slice(2)
const issuer = `http://127.0.0.1:${port}`
const GROUPS = { anna: ['bcm', 'everyone'], ole: ['operations'], berta: ['berlin'], root: ['admins', 'berlin'], nobody: ['everyone'] }

const key = () => ({
  ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
  kid: randomUUID(), use: 'sig', alg: 'RS256',
})

const made = () => {
  const provider = new Provider(issuer, {
    clients: [{ client_id: client, client_secret: secret, redirect_uris: [back], post_logout_redirect_uris: [out] }],
    jwks: { keys: [key()] },
    cookies: { keys: [randomUUID()] },
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['preferred_username', 'name'], email: ['email'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'email', 'groups'],
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, name: id, email: `${id}@example.com`, groups: GROUPS[id] }),
    }),
  })
  return provider.callback()
}

let answer = made()
createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/test/rotate') {
    answer = made()
    response.end('{}')
  } else answer(request, response)
}).listen(Number(port), '127.0.0.1')
