//! An authority for times of a test's own: OpenSSL.

use std::process::Command;

use super::World;

const PLAIN: &str = "[req]\ndistinguished_name = d\n[d]\n[root]\nbasicConstraints = critical,CA:TRUE\n[tsa]\nbasicConstraints = CA:FALSE\nextendedKeyUsage = critical,timeStamping\n";
const AUTHORITY: &str = "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\ndefault_policy = 1.2.3.4\nsigner_digest = sha256\ndigests = sha256\n";
/// Runs `openssl`; whether it ended well.
pub fn openssl(world: &World, words: &str) -> bool {
    let output =
        Command::new("openssl").args(words.split(' ')).current_dir(world.path("")).output();
    output.unwrap_or_else(|error| panic!("`openssl` is needed here: {error}")).status.success()
}

/// An authority with a root of its own.
pub fn authority(world: &World, name: &str) {
    world.write("plain", PLAIN);
    world.write("ts", AUTHORITY);
    let new = "req -new -config plain -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    for command in [
        format!(
            "{new} -x509 -extensions root -keyout {name}.rk -out {name}.root -days 99 -subj /CN={name}"
        ),
        format!("{new} -keyout {name}.key -out {name}.csr -subj /CN=tsa"),
        format!(
            "x509 -req -in {name}.csr -CA {name}.root -CAkey {name}.rk -set_serial 2 -days 99 -extfile plain -extensions tsa -out {name}.pem"
        ),
    ] {
        assert!(openssl(world, &command), "{command}");
    }
}

/// A request for the newest checkpoint, and the authority's answer.
pub fn stamped(world: &World, authority: &str, name: &str) {
    world.run(&["anchor", "request", "--to", &format!("{name}.tsq")]).good();
    let reply = format!(
        "ts -reply -config ts -queryfile {name}.tsq -signer {authority}.pem -inkey {authority}.key -out {name}.tsr"
    );
    assert!(openssl(world, &reply), "{reply}");
}
