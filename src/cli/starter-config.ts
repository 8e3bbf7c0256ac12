/** The file that `lb-local init` writes. It passes `lb-local check` and runs without changes. */
export const STARTER_CONFIG = `# yaml-language-server: $schema=./node_modules/lb-local/schema.json
# Load balancers for this machine. Check it with \`lb-local check\`, run it with \`lb-local up\`.

# The cloud's API: \`eval "$(lb-local env)"\` points its clients here. Load balancers that come through it run like these.
# With \`credentials\` their signatures are verified; without, any are taken.
# control: {port: 8089, credentials: {AKIDEXAMPLE: mysecretkey}}

# Certificates by name. With \`names\` the local authority issues one; it is no secret, and for tests only.
certificates:
  web: {names: [web.test, "*.web.test"]}
  # partner: {cert: ./partner.crt, key: ./partner.key, chain: ./partner-chain.crt}   # PEM files, relative to this file

# Back-ends by name: fake ones, or your own servers.
backends:
  app: {kind: echo, count: 2}                      # app-1 and app-2 answer with JSON of everything they received
  cache: {kind: tcp, mode: echo}                   # sends back what it is sent
  shop: {kind: echo, tls: {names: [shop.test]}}    # has a certificate of its own
  # api: 127.0.0.1:3000                            # your server; all traffic goes to this port
  # many: {host: 127.0.0.1, ports: {80: 3001}}     # by the listener's back-end port
  # plain: 127.0.0.5                               # host only: the listener's back-end port as it is
  # mine: {kind: command, run: node server.js}     # started with PORT in its environment
  # busy: {kind: reply, status: 503, headers: {retry-after: "1"}, body: later, delay: 100ms}
  # flaky: {kind: reply, script: [{status: 503, times: 2}, {status: 200, body: ok}]}   # 503 twice, then 200

# What VM ids of the cloud mean here: back-ends of the above, or addresses.
# vms: {i-0000000a: app-1, i-0000000b: "127.0.0.1:3000"}

# Load balancers by name: 1 to 32 of A-Z, a-z, 0-9 and "-".
loadBalancers:
  # TLS ends here, the back-end gets plain HTTP with X-Forwarded-For, -Proto and -Port.
  web:
    listeners:
      - listen: "https:443 -> http:80"
        certificate: web
        # stickiness: {seconds: 300}                        # a client stays at one back-end; or {cookie: JSESSIONID}
      - http:80 -> http:80
    backends: [app]
    # healthCheck: {target: "HTTP:80/health", interval: 5s, timeout: 2s, healthy: 2, unhealthy: 2}
    # rules: [{priority: 10, path: "/api/*", to: [app-2]}]  # and host; the highest priority is tried first
    # draining: 30s          # for what is in flight when its back-end goes
    # accessLog: ./web.log   # or {folder: ./logs, interval: 5m}
    # idleTimeout: 60s       # no bytes either way
    # headTimeout: 60s       # a request head must be complete by then
    # connectTimeout: 5s     # to connect to a back-end
    # retry: idempotent      # or never
    # upgrade: tunnel        # or refuse: WebSocket and other upgrades

  # TLS ends here, the back-end gets the bytes and nothing else. Without \`certificate\`, one is issued.
  cache:
    listeners: ["ssl:6379 -> tcp:6380"]
    backends: [cache]

  # TLS passes through to the back-end, which has the certificate.
  shop:
    # address: 127.0.0.2     # a loopback address of its own, so that it can have port 443 beside web
    listeners: ["tcp:443"]
    backends: [shop]
`;
