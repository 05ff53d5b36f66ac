# Debian packages that the box runs on; sourced.

packages=(
  python3 python3-venv ca-certificates dbus
  espeak-ng libspandsp2        # spoken prompts; G.722, caller id and fax
  libasound2                   # sound cards
  gcc libc6-dev libasound2-dev python3-dev   # pyalsaaudio comes as C sources only, also in updates
  nftables avahi-daemon systemd-timesyncd
  network-manager wpasupplicant iproute2
  libpangoft2-1.0-0 fonts-wqy-microhei   # reports as PDF
)

install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    in_target dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^.i' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  note "Debian packages: ${missing[*]}"
  quietly "refreshing the package lists" in_target apt-get update
  quietly "installing ${#missing[@]} packages" \
    in_target env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"
  changed "${#missing[@]} Debian packages"
}
