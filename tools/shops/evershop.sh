#!/usr/bin/env bash
# An EverShop shop with EverShop's own demo catalog, on loopback, over a PostgreSQL cluster of its own.
#
#   evershop.sh needs                 say what is missing on this machine, if anything
#   evershop.sh install DIR PORT      packages, build, database, demo catalog (the shop runs on PORT meanwhile)
#   evershop.sh start DIR PORT        start in the background; returns when the shop answers
#   evershop.sh stop DIR              stop what start left running
#   evershop.sh products DIR          what the shop's own database holds, as tab-separated lines
#
# Everything is kept in DIR, except the database where PostgreSQL cannot work in it (see database_folder).
set -euo pipefail

EVERSHOP=2.2.1
CONCAT_STREAM=2.0.0 # EverShop 2.2.1 imports it without declaring it
BEFORE=2026-11-24   # no dependency published later is chosen: the versions that docs/real-input.md reports on
PAGE_SIZE=6         # products on a page of results; with EverShop's own 20 the demo's 15 would never need a second page
START_SECONDS=120

say() { printf 'evershop: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# ---- what must be there ---------------------------------------------------
# Debian keeps PostgreSQL's server programs out of PATH, Homebrew those of a version that is not the default.
postgres_programs() {
    local folder
    for folder in $(ls -d /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin 2>/dev/null | sort -rV) \
        "$(pg_config --bindir 2>/dev/null || true)"; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/psql" ]; then
            echo "$folder"
            return
        fi
    done
}

needs() {
    local missing=0 major=0
    command -v npm >/dev/null && major=$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)
    if [ "$major" -lt 20 ]; then
        say 'Node.js 20 or newer, with npm, is needed and is not there. Install it with one of these, then try again:'
        say '  sudo apt-get install nodejs npm     (Debian 13, Ubuntu 25.04 and newer)'
        say '  brew install node                   (macOS)'
        say '  or the installer from nodejs.org    (anything else)'
        missing=2
    fi
    if [ -z "$(postgres_programs)" ]; then
        say "PostgreSQL's server programs are needed and are not there. Install them with one of these, then try again:"
        say '  sudo apt-get install postgresql     (Debian, Ubuntu; the cluster that it makes is left alone)'
        say '  brew install postgresql@17          (macOS)'
        say 'or run the other shop only, which needs none: SHOPS=vendure make real'
        missing=2
    elif [ "$(id -u)" = 0 ] && ! { id postgres && command -v runuser; } >/dev/null 2>&1; then
        say 'PostgreSQL does not run as root, and there is no account "postgres" to run it as. Try again as an ordinary user.'
        missing=2
    fi
    return "$missing"
}

# ---- database -------------------------------------------------------------
# In DIR; but PostgreSQL's account must reach it when root runs this, and a Unix socket's path holds 107 bytes at most.
database_folder() {
    local inside=$dir/pg
    if [ "${#inside}" -le 80 ] && as_postgres test -x "$dir"; then
        echo "$inside"
    else
        echo "/var/tmp/touchstone-evershop-$(printf '%s' "$dir" | cksum | cut -d' ' -f1)"
    fi
}
as_postgres() { (cd / && if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi); }
database_runs() { as_postgres "$programs/pg_ctl" -D "$pg/data" status >/dev/null 2>&1; }
database_start() {
    database_runs && return
    # On a socket in a folder that only its owner may enter, and on no TCP port: nobody else reaches it.
    as_postgres "$programs/pg_ctl" -D "$pg/data" -w -l "$pg/log" \
        -o "-c listen_addresses='' -c unix_socket_directories='$pg'" start >/dev/null 2>&1 ||
        { tail -n 20 "$pg/log" >&2; die 'PostgreSQL did not start'; }
}
database_stop() {
    [ -n "$programs" ] && database_runs || return 0
    as_postgres "$programs/pg_ctl" -D "$pg/data" -m fast -w stop >/dev/null
}
sql() { "$programs/psql" -X -h "$pg" -U evershop -d evershop -v ON_ERROR_STOP=1 -At "$@"; }

make_database() {
    # A folder of that name in a place where everybody may write must be ours before it is emptied.
    [ ! -e "$pg" ] || [ -O "$pg" ] || [ "$(id -u)" = 0 ] || die "$pg belongs to somebody else"
    rm -rf "$pg"
    mkdir -m 700 "$pg"
    [ "$(id -u)" != 0 ] || chown postgres: "$pg"
    as_postgres "$programs/initdb" -D "$pg/data" -U evershop -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
    database_start
    "$programs/createdb" -h "$pg" -U evershop evershop
}

# ---- shop -----------------------------------------------------------------
write_configuration() { # the shop's public address is part of it
    mkdir -p "$dir/config" "$dir/media" "$dir/public"
    cat >"$dir/config/default.json" <<EOF
{
  "shop": { "language": "en", "currency": "USD", "homeUrl": "http://127.0.0.1:$port" },
  "catalog": { "collectionPageSize": $PAGE_SIZE }
}
EOF
    cat >"$dir/.env" <<EOF
DB_HOST="$pg"
DB_PORT="5432"
DB_NAME="evershop"
DB_USER="evershop"
DB_PASSWORD=""
DB_SSLMODE="disable"
IMAGE_ALLOWED_HOSTS="127.0.0.1"
EOF
    cat >"$dir/preload.cjs" <<'EOF'
// 1. EverShop has no setting for the address that it listens on: loopback, whatever it asks for.
// 2. While the catalog is filled (DRAW_PHOTOS=1): the demo's photos are not in the package, and the seeder would fetch
//    them from elsewhere. Drawn pictures are handed to it instead; names, prices, texts and stock are the package's own.
'use strict';
const net = require('net');
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  return typeof port === 'number' && typeof rest[0] !== 'string'
    ? listen.call(this, port, '127.0.0.1', ...rest)
    : listen.call(this, port, ...rest);
};
if (process.env.DRAW_PHOTOS === '1') {
  const https = require('https');
  const { EventEmitter } = require('events');
  const { Readable } = require('stream');
  const shapes = {
    cup: '<rect x="250" y="280" width="230" height="260" rx="24"/><circle cx="500" cy="400" r="70" fill="none" stroke="currentColor" stroke-width="26"/>',
    pen: '<rect x="290" y="330" width="220" height="260"/><rect x="340" y="180" width="20" height="160"/><rect x="430" y="210" width="20" height="130"/>',
    bowl: '<path d="M180 360 H620 A220 220 0 0 1 180 360 Z"/>',
    vase: '<path d="M340 180 H460 L440 300 Q560 430 480 610 H320 Q240 430 360 300 Z"/>',
    thermos: '<rect x="330" y="230" width="140" height="390" rx="26"/><rect x="350" y="160" width="100" height="60" rx="12"/>',
  };
  const colours = { white: '#f4f4f0', black: '#222222', yellow: '#e9b824', green: '#3f7d4f' };
  const get = https.get;
  https.get = function (url, ...rest) {
    const name = (String(url).match(/\/seed\/images\/([a-z-]+)\.jpg$/) || [])[1];
    if (!name) return get.call(this, url, ...rest);
    const request = new EventEmitter();
    request.setTimeout = request.destroy = () => request;
    const colour = colours[name.split('-').pop()] || '#888888';
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800" color="${colour}">` +
      `<rect width="800" height="800" fill="#b9c4cf"/><g fill="${colour}">${shapes[name.split('-')[0]] || ''}</g></svg>`;
    require('sharp')(Buffer.from(svg)).jpeg({ quality: 85 }).toBuffer().then(
      jpeg => rest[rest.length - 1](Object.assign(Readable.from([jpeg]), { statusCode: 200, headers: {} })),
      err => request.emit('error', err));
    return request;
  };
}
EOF
}

program=node_modules/@evershop/evershop/dist/bin/evershop.js
evershop() { cd "$dir" && NODE_OPTIONS="--require $dir/preload.cjs" PORT="$port" exec node "$dir/$program" "$@"; } # in a subshell
seed() { (DRAW_PHOTOS=1 evershop seed "$@") >>"$dir/seed.log" 2>&1 || { tail -n 20 "$dir/seed.log" >&2; die 'filling the catalog failed'; }; }

wait_for_addresses() { # the running shop makes the public address of what is seeded, in a process beside
    local kind=$1 want=$2
    for _ in $(seq "$START_SECONDS"); do
        [ "$(sql -c "SELECT count(DISTINCT entity_uuid) FROM url_rewrite WHERE entity_type = '$kind'")" -ge "$want" ] && return
        sleep 0.5
    done
    die "the shop made no addresses for its $kind entries"
}

install_shop() {
    needs
    write_configuration
    if [ ! -f "$dir/.packages-done" ]; then
        say 'installing packages (about 500 MB) …'
        cat >"$dir/package.json" <<EOF
{
  "name": "sample-evershop-shop",
  "private": true,
  "type": "module",
  "dependencies": { "@evershop/evershop": "$EVERSHOP", "concat-stream": "$CONCAT_STREAM" }
}
EOF
        (cd "$dir" && npm install --before="$BEFORE" --no-audit --no-fund --loglevel=error >&2) ||
            die 'the packages could not be installed; see above'
        touch "$dir/.packages-done"
    fi
    if [ ! -f "$dir/.build-done" ]; then
        say 'building the pages …'
        (evershop build) >"$dir/build.log" 2>&1 && [ -d "$dir/.evershop/build" ] && ! grep -q 'Failed to compile' "$dir/build.log" ||
            { tail -n 20 "$dir/build.log" >&2; die 'the build failed'; }
        touch "$dir/.build-done"
    fi
    if [ ! -f "$dir/.catalog-done" ] || ! as_postgres test -d "$pg/data"; then
        say 'filling the catalog …'
        stop_shop
        rm -f "$dir/.catalog-done"
        make_database
        trap stop_shop EXIT
        find "$dir/media" -mindepth 1 -delete
        : >"$dir/seed.log"
        launch # it makes the tables
        seed --attributes
        seed --categories
        wait_for_addresses category "$(sql -c 'SELECT count(*) FROM category')"
        seed --collections
        seed --products
        wait_for_addresses product "$(sql -c 'SELECT count(*) FROM product')"
        seed --pages
        [ "$(sql -c 'SELECT count(*) FROM product')" -gt 0 ] || { tail -n 20 "$dir/seed.log" >&2; die 'filling the catalog failed'; }
        stop_shop
        trap - EXIT
        touch "$dir/.catalog-done"
    fi
}

start_shop() {
    [ -f "$dir/.catalog-done" ] || die "not installed in $dir"
    stop_shop
    trap stop_shop EXIT
    launch
    trap - EXIT
}

launch() {
    write_configuration
    database_start
    set -m # a process group of its own: the shop's helpers are stopped with it, and Ctrl-C reaches this script alone
    evershop start >"$dir/server.log" 2>&1 </dev/null &
    echo $! >"$dir/server.pid"
    set +m
    for _ in $(seq "$START_SECONDS"); do
        node -e "fetch('http://127.0.0.1:$port/search?keyword=a').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))" 2>/dev/null && return
        kill -0 "$(cat "$dir/server.pid")" 2>/dev/null || break
        sleep 1
    done
    tail -n 20 "$dir/server.log" >&2
    die "the shop did not answer on port $port"
}

stop_shop() {
    if [ -f "$dir/server.pid" ]; then
        local pid
        pid=$(cat "$dir/server.pid")
        rm -f "$dir/server.pid"
        # The number may have passed to another process since: only one that runs this folder's program is stopped.
        # The whole group is: EverShop leaves its event and cron processes behind.
        if ps -o args= -p "$pid" 2>/dev/null | grep -qF "$dir/$program"; then
            kill -- "-$pid" 2>/dev/null || true
            for _ in $(seq 50); do
                kill -0 -- "-$pid" 2>/dev/null || break
                sleep 0.2
            done
            kill -KILL -- "-$pid" 2>/dev/null || true
        fi
    fi
    database_stop
}

products() { # those that a visitor can see; the currency is in the shop's configuration, not in its database
    local ran=yes currency
    database_runs || { ran=no; database_start; }
    currency=$(node -p "require('$dir/config/default.json').shop.currency")
    printf 'id\tsku\ttitle\tprice\tcurrency\timage\n'
    sql -F $'\t' -v currency="$currency" -v media="$dir/media" <<'EOF'
SELECT product.sku, product.sku, names.name, round(product.price, 2), :'currency',
       :'media' || replace((SELECT origin_image FROM product_image photo
            WHERE photo.product_image_product_id = product.product_id
            ORDER BY is_main DESC, product_image_id LIMIT 1), '/assets/', '/')
FROM product JOIN product_description names ON names.product_description_product_id = product.product_id
WHERE product.status AND product.visibility ORDER BY product.product_id
EOF
    [ "$ran" = yes ] || database_stop
}

command=${1:-}
[ -n "$command" ] || die 'which command? needs, install, start, stop or products'
programs=$(postgres_programs)
if [ "$command" != needs ]; then
    mkdir -p "${2:?which folder?}"
    dir=$(cd "$2" && pwd)
    pg=$(database_folder)
fi
case $command in
    needs) needs ;;
    install) port=${3:?which port?}; install_shop ;;
    start) port=${3:?which port?}; start_shop ;;
    stop) stop_shop ;;
    products) products ;;
    *) die "there is no command $command" ;;
esac
