# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tried: evaluated by Nix 2.8 with stand-ins for what nixpkgs has. Not tried: a build.
#
# nix-build packaging/nix    builds this tree. On NixOS the module of chrony runs it:
#     services.chrony = { enable = true; package = pkgs.callPackage ./packaging/nix/package.nix { }; };
{ pkgs ? import <nixpkgs> { } }:
pkgs.callPackage ./package.nix { }
