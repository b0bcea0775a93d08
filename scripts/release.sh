#!/bin/sh
# Makes everything a release publishes, in dist/; publishes nothing. Needs uv, and a clean checkout of the tagged commit.
#   wheel and sdist (twine check), the chart as a package, the bill of materials, notes from CHANGELOG.md
#   PROJECT_URL  where the source is published, for the metadata and the links of the README
# To publish: twine upload dist/*.whl dist/*.tar.gz; helm push dist/countersign-CHART.tgz oci://REGISTRY/charts;
# docker build --tag REGISTRY/countersign:VERSION --build-arg VERSION=… --build-arg REVISION=… . && docker push …
set -eu
cd "$(dirname "$0")/.."
version=$(python3 scripts/version.py)
[ -z "$(git status --porcelain)" ] || { echo "the checkout has changes: commit or put them away" >&2; exit 1; }
git tag --points-at HEAD | grep -qx "v$version" || {
  echo "HEAD is not tagged v$version: python3 scripts/version.py VERSION --tag" >&2
  exit 1
}
: "${PROJECT_URL:?say where the source is published: PROJECT_URL=https://forge.example/house/countersign}"
export PROJECT_URL
rm -rf dist
uv build --quiet --out-dir dist
uvx --quiet twine check --strict dist/*.whl dist/*.tar.gz
helm=$(.venv/bin/python scripts/fetch_helm.py)/helm
"$helm" package deploy/helm/countersign --destination dist
.venv/bin/python scripts/supply_chain.py sbom >"dist/countersign-$version.cdx.json"
git tag --list "v$version" --format='%(contents)' >"dist/notes-$version.md"
(cd dist && sha256sum ./* >SHA256SUMS)
ls -l dist
