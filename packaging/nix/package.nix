# SPDX-License-Identifier: GPL-2.0-or-later
#
# Not tried: see default.nix.
{ lib, stdenv, asciidoctor, cmocka, gnutls, jansson, libcap, libedit, libmicrohttpd, libseccomp, nettle, pkg-config }:

let
  # "4.9-holdover-1.0": the release of chrony whose behaviour this is, and that of this program.
  versions = lib.splitString "-holdover-" (lib.fileContents ../../VERSION);
in
stdenv.mkDerivation {
  pname = "holdover";
  version = lib.last versions;

  src = lib.cleanSource ../..;

  nativeBuildInputs = [ asciidoctor pkg-config ];
  buildInputs = [ gnutls jansson libcap libedit libmicrohttpd libseccomp nettle ];
  nativeCheckInputs = [ cmocka ];

  postPatch = ''
    patchShebangs test
  '';

  configureFlags = [
    "--enable-ntp-signd"
    "--enable-scfilter"
    "--chronyrundir=/run/chrony"
    "--with-pidfile=/run/chrony/chronyd.pid"
    "--with-user=chrony"
    "--sbindir=$(out)/bin"
  ];

  # The state and configuration are not in the store.
  installFlags = [ "SYSCONFDIR=$(out)/etc" "CHRONYVARDIR=$(out)/var/lib/chrony" ];
  postInstall = ''
    rmdir $out/etc $out/var/lib/chrony $out/var/lib $out/var
  '';

  # The process that serves metrics loads the library itself, so nothing is linked with it.
  postFixup = ''
    patchelf --add-rpath ${lib.getLib libmicrohttpd}/lib $out/bin/chronyd
  '';

  enableParallelBuilding = true;
  doCheck = true;
  checkTarget = "check-unit";

  meta = {
    description = "NTP and NTS time daemon that replaces chrony";
    license = lib.licenses.gpl2Plus;
    platforms = lib.platforms.linux;
    mainProgram = "chronyd";
  };
}
