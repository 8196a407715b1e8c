#!/usr/bin/env bash
# Crawls two shops that nobody here wrote, on this machine, and compares what was stored with the shops' own databases.
#
#   tools/real.sh PYTHON            both; everything is in .real, which a second run finds there and uses again
#   SHOPS=vendure tools/real.sh …   one of them
#
# Exit codes: 0 all agrees, 1 something differs or a sweep was not complete, 2 a program is missing.
set -euo pipefail

SHOPS=${SHOPS:-vendure evershop}
root=$(cd "$(dirname "$0")/.." && pwd)
python=$(command -v "${1:?which Python? see: make real}")
python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python") # not resolved further: a venv's python is a link
export PYTHON=$python PYTHONPATH=$root
real=$root/.real

everything() { # the query that finds all that a shop sells; why is said in crawler/marketplaces/*.toml
    case $1 in vendure) echo '' ;; evershop) echo '-touchstone' ;; esac
}
pace() { # requests a second: loopback bears more than a stranger's server; EverShop refuses more than 300 a minute
    case $1 in vendure) echo 10 ;; evershop) echo 4 ;; esac
}

for shop in $SHOPS; do
    [ -x "$root/tools/shops/$shop.sh" ] || { echo "There is no shop $shop; there are: vendure evershop" >&2; exit 2; }
done
missing=0
for shop in $SHOPS; do "$root/tools/shops/$shop.sh" needs || missing=2; done
[ "$missing" = 0 ] || exit "$missing"

mkdir -p "$real"
echo '*' >"$real/.gitignore" # it is no part of the repository, whatever is put there
stop_shops() { for shop in $SHOPS; do "$root/tools/shops/$shop.sh" stop "$real/$shop" || true; done; }
trap stop_shops EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
free_port() { "$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
touchstone() { (cd "$real" && "$python" -m cli "$@"); }

rm -rf "$real/touchstone-store" # what an earlier run stored must not be counted again
printf 'record,id,name\nbrand,velhanne,Velhanne\n' >"$real/catalog.csv" # a brand that neither shop sells
echo 'contact = "nobody@localhost"' >"$real/touchstone.toml"
for shop in $SHOPS; do
    port=$(free_port)
    "$root/tools/shops/$shop.sh" install "$real/$shop" "$port"
    "$root/tools/shops/$shop.sh" start "$real/$shop" "$port"
    cat >>"$real/touchstone.toml" <<EOF

[marketplaces.$shop]
base_url = "http://127.0.0.1:$port"
allow_loopback = true
requests_per_second = $(pace "$shop")
EOF
done

touchstone catalog import catalog.csv
incomplete=0
tables=()
for shop in $SHOPS; do
    touchstone sweep --marketplace "$shop" --query="$(everything "$shop")" || incomplete=1
    "$root/tools/shops/$shop.sh" products "$real/$shop" >"$real/$shop.tsv"
    tables+=("$real/$shop.tsv")
done
echo
"$python" "$root/tools/compare_real.py" "$real/touchstone-store" "${tables[@]}" || incomplete=1
exit "$incomplete"
