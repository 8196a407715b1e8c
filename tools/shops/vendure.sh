#!/usr/bin/env bash
# A Vendure shop with the sample catalog that Vendure itself offers to newcomers, on loopback.
#
#   vendure.sh needs                  say what is missing on this machine, if anything
#   vendure.sh install DIR PORT       packages, database, sample catalog; does nothing where they are there
#   vendure.sh start DIR PORT         start in the background; returns when the shop answers
#   vendure.sh stop DIR               stop what start left running
#   vendure.sh products DIR           what the shop's own database holds, as tab-separated lines
#
# Everything is kept in DIR.
set -euo pipefail

VENDURE=3.7.3
SQLJS=1.14.2        # SQLite as WebAssembly: the one database of Vendure's that needs no compiler and no server
BEFORE=2026-11-24   # no dependency published later is chosen: the versions that docs/real-input.md reports on
START_SECONDS=120

say() { printf 'vendure: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

needs() {
    local major=0
    command -v npm >/dev/null && major=$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)
    [ "$major" -ge 20 ] && return
    say 'Node.js 20 or newer, with npm, is needed and is not there. Install it with one of these, then try again:'
    say '  sudo apt-get install nodejs npm     (Debian 13, Ubuntu 25.04 and newer)'
    say '  brew install node                   (macOS)'
    say '  or the installer from nodejs.org    (anything else)'
    return 2
}

install_shop() {
    needs
    if [ ! -f "$dir/.packages-done" ]; then
        say 'installing packages (about 200 MB) …'
        cat >"$dir/package.json" <<EOF
{
  "name": "sample-vendure-shop",
  "private": true,
  "dependencies": {
    "@vendure/core": "$VENDURE",
    "@vendure/asset-server-plugin": "$VENDURE",
    "sql.js": "$SQLJS"
  }
}
EOF
        (
            cd "$dir"
            npm install --before="$BEFORE" --no-audit --no-fund --loglevel=error >&2
            # Of the project generator only the sample catalog and its photos are used; none of its code is run.
            archive=$(npm pack "@vendure/create@$VENDURE" --silent)
            rm -rf sample && mkdir sample
            tar -xzf "$archive" -C sample --strip-components=2 package/assets
            rm -f "$archive"
        ) || die 'the packages could not be installed; see above'
        touch "$dir/.packages-done"
    fi
    write_code
    if [ ! -f "$dir/.catalog-done" ]; then
        say 'filling the catalog …'
        rm -rf "$dir/vendure.sqlite" "$dir/static"
        (cd "$dir" && node fill.js "$port") >"$dir/fill.log" 2>&1 || { tail -n 20 "$dir/fill.log" >&2; die 'filling the catalog failed'; }
        touch "$dir/.catalog-done"
    fi
}

write_code() {
    # What the project generator's template configures, without the administrators' pages, mail and the GraphQL editor.
    cat >"$dir/config.js" <<'EOF'
const path = require('path');
const { DefaultJobQueuePlugin, DefaultSearchPlugin, DefaultLogger, LogLevel, dummyPaymentHandler } = require('@vendure/core');
const { AssetServerPlugin } = require('@vendure/asset-server-plugin');
exports.makeConfig = (port, filling) => ({
  apiOptions: { hostname: '127.0.0.1', port, adminApiPath: 'admin-api', shopApiPath: 'shop-api' },
  authOptions: {
    tokenMethod: ['bearer', 'cookie'],
    superadminCredentials: { identifier: 'superadmin', password: 'superadmin' }, // Vendure's own default; loopback only
    cookieOptions: { secret: 'loopback-only' },
  },
  dbConnectionOptions: {
    type: 'sqljs', location: path.join(__dirname, 'vendure.sqlite'),
    synchronize: filling, autoSave: !filling, logging: false,
  },
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
  importExportOptions: { importAssetsDir: path.join(__dirname, 'sample', 'images') },
  customFields: {},
  logger: new DefaultLogger({ level: LogLevel.Info, timestamp: true }),
  plugins: [
    AssetServerPlugin.init({ route: 'assets', assetUploadDir: path.join(__dirname, 'static', 'assets') }),
    DefaultJobQueuePlugin.init({ useDatabaseForBuffer: true }),
    DefaultSearchPlugin.init({ bufferUpdates: false, indexStockStatus: true }),
  ],
});
EOF
    cat >"$dir/fill.js" <<'EOF'
// The steps of the project generator: make the tables, populate them from its files, run the jobs that fill the search.
const path = require('path');
const { bootstrap, JobQueueService, TransactionalConnection } = require('@vendure/core');
const { populate } = require('@vendure/core/cli');
const { makeConfig } = require('./config.js');
const sample = name => path.join(__dirname, 'sample', name);
(async () => {
  const app = await populate(async () => {
    const made = await bootstrap(makeConfig(Number(process.argv[2]), true));
    await made.get(JobQueueService).start();
    return made;
  }, sample('initial-data.json'), sample('products.csv'));
  const db = app.get(TransactionalConnection).rawConnection;
  for (let quiet = 0; quiet < 3;) { // jobs beget jobs: the queue is empty when it was so three times in a row
    await new Promise(r => setTimeout(r, 1000));
    const [{ n }] = await db.query('SELECT count(*) AS n FROM job_record WHERE isSettled = 0');
    quiet = n === 0 ? quiet + 1 : 0;
  }
  await db.driver.save();
  await app.close();
  process.exit(0);
})().catch(e => { console.error(e); process.exit(1); });
EOF
    cat >"$dir/server.js" <<'EOF'
const { bootstrap, JobQueueService } = require('@vendure/core');
const { makeConfig } = require('./config.js');
bootstrap(makeConfig(Number(process.argv[2]), false))
  .then(app => app.get(JobQueueService).start())
  .catch(e => { console.error(e); process.exit(1); });
EOF
}

answers() {
    node -e "fetch('http://127.0.0.1:$port/shop-api?query=%7Bproducts(options%3A%7Btake%3A1%7D)%7BtotalItems%7D%7D')
        .then(r => r.json()).then(j => process.exit(j.data.products.totalItems > 0 ? 0 : 1), () => process.exit(1))" 2>/dev/null
}

start_shop() {
    [ -f "$dir/.catalog-done" ] || die "not installed in $dir"
    stop_shop
    trap stop_shop EXIT
    set -m # a process group of its own: Ctrl-C at the keyboard reaches this script, and the script stops the shop
    (cd "$dir" && VENDURE_DISABLE_TELEMETRY=true exec node "$dir/server.js" "$port") >"$dir/server.log" 2>&1 </dev/null &
    echo $! >"$dir/server.pid"
    set +m
    for _ in $(seq "$START_SECONDS"); do
        answers && { trap - EXIT; return; }
        kill -0 "$(cat "$dir/server.pid")" 2>/dev/null || break
        sleep 1
    done
    tail -n 20 "$dir/server.log" >&2
    die "the shop did not answer on port $port"
}

stop_shop() {
    [ -f "$dir/server.pid" ] || return 0
    local pid
    pid=$(cat "$dir/server.pid")
    rm -f "$dir/server.pid"
    # The number may have passed to another process since: only one that runs this folder's program is stopped.
    ps -o args= -p "$pid" 2>/dev/null | grep -qF "$dir/server.js" || return 0
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 50); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.2
    done
    kill -KILL "$pid" 2>/dev/null || true
}

products() {
    "${PYTHON:-python3}" - "$dir" <<'EOF'
"""The products that a visitor can see: the cheapest variant of each, with the tax of the shop's default zone."""
import sqlite3
import sys

folder = sys.argv[1]
database = sqlite3.connect(f"file:{folder}/vendure.sqlite?mode=ro", uri=True)
print("id", "sku", "title", "price", "currency", "image", sep="\t")
for slug, sku, title, price, currency, preview in database.execute("""
    SELECT names.slug, variant.sku, names.name,
           min(round(cost.price * (CASE WHEN channel.pricesIncludeTax THEN 1 ELSE 1 + rate.value / 100.0 END))),
           cost.currencyCode, asset.preview
    FROM product
    JOIN channel ON channel.code = '__default_channel__'
    JOIN product_translation names ON names.baseId = product.id AND names.languageCode = channel.defaultLanguageCode
    JOIN product_variant variant ON variant.productId = product.id AND variant.enabled AND variant.deletedAt IS NULL
    JOIN product_variant_price cost ON cost.variantId = variant.id AND cost.channelId = channel.id
    JOIN tax_rate rate ON rate.categoryId = variant.taxCategoryId AND rate.zoneId = channel.defaultTaxZoneId AND rate.enabled
    LEFT JOIN asset ON asset.id = product.featuredAssetId
    WHERE product.enabled AND product.deletedAt IS NULL
    GROUP BY product.id ORDER BY product.id"""):  # beside min(), SQLite gives the other columns of that row
    print(slug, sku, title, f"{int(price) / 100:.2f}", currency, f"{folder}/static/assets/{preview}", sep="\t")
EOF
}

command=${1:-}
[ -n "$command" ] || die 'which command? needs, install, start, stop or products'
if [ "$command" != needs ]; then
    mkdir -p "${2:?which folder?}"
    dir=$(cd "$2" && pwd)
fi
case $command in
    needs) needs ;;
    install) port=${3:?which port?}; install_shop ;;
    start) port=${3:?which port?}; start_shop ;;
    stop) stop_shop ;;
    products) products ;;
    *) die "there is no command $command" ;;
esac
