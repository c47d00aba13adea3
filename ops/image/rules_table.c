/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/image/rules_table.h"

#include "ops/image/hints.h"
#include "ops/image/rules_add.h"

#include <stddef.h>

#define LIBDIR "/usr/lib/x86_64-linux-gnu"

const struct rule rules_table[] = {
    {
        .name = "base",
        .about = "the target root's own files of users, names and time",
        .programs = { "*" },
        .add = rules_add_base,
    },
    {
        .name = "names",
        .about = "name services of nsswitch.conf",
        .libraries = { "libc.so.6" },
        .add = rules_add_names,
    },
    {
        .name = "gconv",
        .about = "character sets",
        .hints = HINT_ICONV,
        .paths = { LIBDIR "/gconv", "/usr/lib64/gconv", "/usr/lib/gconv" },
    },
    {
        .name = "locale",
        .about = "the locales that LANG and LC_* name",
        .hints = HINT_LOCALE,
        .add = rules_add_locale,
    },
    {
        .name = "certs",
        .about = "certificates of authorities",
        .libraries = { "libssl.so.*", "libgnutls.so.*", "libmbedtls.so.*", "libcurl*.so.*",
                       "libnss3.so", "libwolfssl.so.*" },
        .hints = HINT_CERTS,
        .after = { "python", "java", "node", "ruby", "perl", "php" },
        .paths = { "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
                   "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem" },
    },
    {
        .name = "openssl",
        .about = "configuration, providers and engines of OpenSSL",
        .libraries = { "libcrypto.so.*" },
        .add = rules_add_openssl,
    },
    {
        .name = "python",
        .about = "Python's standard library and its extension modules",
        .programs = { "python[23].*" },
        .libraries = { "libpython[23].*.so*" },
        .paths = { "%p/../lib/python%v", "/usr/lib/python%v", "/usr/lib/python3/dist-packages",
                   "/usr/local/lib/python%v", "/etc/python%v", "%d/../pyvenv.cfg",
                   "%d/../lib/python%v", "/usr/lib/locale/C.utf8" },
        .except = { "test", "idlelib", "tkinter", "turtledemo", "ensurepip", "config-*" },
    },
    {
        .name = "node",
        .about = "modules that Debian's Node.js keeps outside of it",
        .programs = { "node", "nodejs" },
        .libraries = { "libnode.so.*" },
        .paths = { "/usr/share/nodejs/acorn", "/usr/share/nodejs/acorn-walk",
                   "/usr/share/nodejs/busboy", "/usr/share/nodejs/cjs-module-lexer",
                   "/usr/share/nodejs/minimatch", "/usr/share/nodejs/undici" },
    },
    {
        .name = "java",
        .about = "the Java runtime: its modules, JNI libraries and configuration",
        .libraries = { "libjli.so" },
        .paths = { "%p/../lib", "%p/../conf", "%p/../release" },
        .except = { "src.zip" },
    },
    {
        .name = "perl",
        .about = "Perl's modules",
        .programs = { "perl", "perl5*" },
        .libraries = { "libperl.so.*" },
        .paths = { "/etc/perl", LIBDIR "/perl", LIBDIR "/perl-base", LIBDIR "/perl5",
                   "/usr/share/perl", "/usr/share/perl5", "/usr/lib64/perl5",
                   "/usr/local/share/perl" },
    },
    {
        .name = "ruby",
        .about = "Ruby's library and gems",
        .libraries = { "libruby*.so.*" },
        .paths = { "/usr/lib/ruby", LIBDIR "/ruby", "/usr/share/ruby", "/var/lib/gems",
                   "/usr/share/rubygems-integration", "/usr/share/gems" },
    },
    {
        .name = "php",
        .about = "PHP's extensions and configuration",
        .programs = { "php", "php[0-9]*" },
        .libraries = { "libphp*.so*" },
        .paths = { "/etc/php", "/usr/lib/php", "/usr/share/php" },
    },
    {
        .name = "nginx",
        .about = "nginx's configuration, modules and pages",
        .programs = { "nginx" },
        .paths = { "/etc/nginx", "/usr/share/nginx", "/usr/lib/nginx" },
        .tmpfs = { "/var/log/nginx", "/var/lib/nginx" },
    },
    {
        .name = "mariadb",
        .about = "MariaDB's messages, character sets, plugins and configuration",
        .programs = { "mariadbd", "mysqld" },
        .paths = { "/etc/mysql", "/etc/my.cnf", "/etc/my.cnf.d", "/usr/share/mysql",
                   "/usr/share/mariadb", "/usr/lib/mysql/plugin" },
    },
    {
        .name = "mariadb-client",
        .about = "plugins of MariaDB's client library",
        .libraries = { "libmariadb.so.*" },
        .paths = { LIBDIR "/libmariadb3/plugin", "/usr/lib64/mariadb/plugin" },
    },
    {
        .name = "icu",
        .about = "ICU's data where it is a file of its own",
        .libraries = { "libicuuc.so.*" },
        .paths = { "/usr/share/icu/*/icudt*.dat", LIBDIR "/icu/*/icudt*.dat" },
    },
    {
        .name = "sasl",
        .about = "SASL mechanisms",
        .libraries = { "libsasl2.so.*" },
        .paths = { LIBDIR "/sasl2", "/usr/lib64/sasl2", "/usr/lib/sasl2" },
    },
    {
        .name = "p11-kit",
        .about = "PKCS#11 modules",
        .libraries = { "libp11-kit.so.*" },
        .paths = { LIBDIR "/pkcs11", "/usr/lib64/pkcs11", "/usr/share/p11-kit/modules",
                   "/etc/pkcs11" },
    },
    {
        .name = "krb5",
        .about = "Kerberos' configuration and plugins",
        .libraries = { "libkrb5.so.*" },
        .paths = { "/etc/krb5.conf", "/etc/krb5.conf.d", "/etc/gss", LIBDIR "/krb5/plugins" },
    },
    {
        .name = "magic",
        .about = "what libmagic knows files by",
        .libraries = { "libmagic.so.*" },
        .paths = { "/etc/magic", "/usr/share/misc/magic.mgc", "/usr/lib/file/magic.mgc" },
    },
    {
        .name = "fonts",
        .about = "fonts and their configuration",
        .libraries = { "libfontconfig.so.*" },
        .paths = { "/etc/fonts", "/usr/share/fontconfig", "/usr/share/fonts" },
    },
    {
        .name = "terminfo",
        .about = "descriptions of terminals",
        .libraries = { "libtinfo*.so.*", "libncurses*.so.*" },
        .paths = { "/lib/terminfo", "/etc/terminfo" },
        .add = rules_add_terminfo,
    },
    {
        .name = "zoneinfo",
        .about = "time zones",
        .hints = HINT_ZONEINFO,
        .after = { "python", "ruby", "perl", "php" },
        .paths = { "/usr/share/zoneinfo" },
        .except = { "right", "posix" },
    },
    {
        .name = "tz",
        .about = "the time zone that TZ names",
        .programs = { "*" },
        .add = rules_add_tz,
    },
    { 0 },
};
