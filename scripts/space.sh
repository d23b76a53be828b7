# What an installation will take, told before anything is changed; stops where disk is short.

megabytes() { echo $((($1 + 999999) / 1000000)); }

# What the lock file's header says about itself.
lock_bytes() { awk -v key="# $1-bytes:" 'index($0, key) == 1 { print $3 }' requirements.lock; }

# apt_megabytes PACKAGE...: "download installed", as apt estimates them; rough figures where apt has
# no lists yet.
apt_megabytes() {
  local answer
  answer=$(LC_ALL=C apt-get install --assume-no --no-install-recommends -o Debug::NoLocking=1 "$@" 2>/dev/null || true)
  echo "$answer" | awk '
    function mb(number, unit) {
      gsub(",", "", number)
      return int(number * (unit == "GB" ? 1000 : unit == "kB" ? 0.001 : unit == "B" ? 0.000001 : 1) + 1)
    }
    /^Need to get/ { sub("/.*", "", $4); split($0, part, " "); fetch = mb(part[4], part[5]) }
    /of additional disk space/ { use = mb($4, $5) }
    END { print (fetch ? fetch : 90), (use ? use : 400) }'
}

# need PLACE MEGABYTES: stops unless the file system of PLACE has them
need() {
  local free
  free=$(df --output=avail --block-size=1000000 "$1" | tail -n 1)
  [ "$free" -ge "$2" ] || fail "this needs $2 MB of disk for $1, and $free MB are free there. Nothing was changed"
}

# tell_what_will_happen GROUP...: of scripts/packages.txt
tell_what_will_happen() {
  local missing fetch=0 use=0 here=0
  missing=$(missing_packages "$@" | tr '\n' ' ')
  if [ -n "$missing" ]; then
    read -r fetch use < <(apt_megabytes $missing)
    echo "System packages to install: $missing"
    echo "  about $fetch MB to download, $use MB on disk"
  fi
  if ! have_python_packages; then
    local download unpacked
    download=$(megabytes "$(lock_bytes download)")
    unpacked=$(megabytes "$(lock_bytes unpacked)")
    echo "Python packages to install into .venv: $(grep -c '^[a-z]' requirements.lock), TensorFlow the largest"
    echo "  $download MB to download, $unpacked MB on disk"
    here=$((download + unpacked + unpacked / 5))
  fi
  if ! have_evergpu; then
    echo "evergpu to build: 400 MB on disk under build/ and .cache/ (12 MB to download)"
    here=$((here + 400))
  fi
  if [ "$(stat -c %d .)" = "$(stat -c %d /usr)" ]; then
    need . $((here + use + fetch))
  else
    need . "$here"
    need /usr $((use + fetch))
  fi
  if [ "$here" -eq 0 ] && [ -z "$missing" ]; then echo "Everything is in place: nothing to download or install."; fi
}
