//! P1: every proof of transparency-dev/merkle gets the verdict that its file asks for.

use data_encoding::BASE64;
use ledger_core::hash::Sha256;
use ledger_core::tree::{
    verify_consistency, verify_inclusion, verify_subtree, verify_subtree_inclusion,
};
use serde_json::Value;

use crate::{files, folder};

/// One file.
struct Case(Value);

impl Case {
    fn number(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("`{name}` in {}", self.0))
    }

    /// The hash; where a file has words, or bytes missing, our types have no room for them, and
    /// another hash stands for each, the same for the same bytes.
    fn hash(value: &Value) -> Sha256 {
        let bytes = BASE64.decode(value.as_str().unwrap().as_bytes()).unwrap();
        let exact = <[u8; 32]>::try_from(bytes.as_slice()).map(Sha256);
        exact.unwrap_or_else(|_| Sha256::of(&[b"stands for ", bytes.as_slice()].concat()))
    }

    fn named(&self, name: &str) -> Sha256 {
        Self::hash(&self.0[name])
    }

    fn proof(&self) -> Vec<Sha256> {
        match &self.0["proof"] {
            Value::Null => Vec::new(),
            list => list.as_array().unwrap().iter().map(Self::hash).collect(),
        }
    }

    /// The files in which leaf and root are both missing: equal, but no hashes.
    fn is_unreadable(&self) -> bool {
        self.0["leafHash"] == "" && self.0["root"] == ""
    }

    fn accepted(&self, kind: &str) -> bool {
        let proof = self.proof();
        let outcome = match kind {
            "inclusion" | "subtreeinclusion" => {
                let (leaf, root) = (self.named("leafHash"), self.named("root"));
                let index = self.number("leafIdx");
                if kind == "inclusion" {
                    verify_inclusion(index, self.number("treeSize"), &leaf, &proof, &root)
                } else {
                    let leaves = self.number("start")..self.number("end");
                    verify_subtree_inclusion(index, leaves, &leaf, &proof, &root)
                }
            }
            "consistency" | "subtreeconsistency" => {
                let (old, new) = (self.named("root1"), self.named("root2"));
                if kind == "consistency" {
                    let (from, to) = (self.number("size1"), self.number("size2"));
                    verify_consistency(from, to, &old, &new, &proof)
                } else {
                    let leaves = self.number("start")..self.number("end");
                    verify_subtree(leaves, self.number("size"), &old, &new, &proof)
                }
            }
            other => panic!("no such kind of proof: {other}"),
        };
        outcome.is_ok()
    }
}

#[test]
#[ignore = "reads the folder that LEDGER_VECTORS names"]
fn all_verdicts() {
    let (mut accepted, mut refused, mut unreadable) = (0, 0, 0);
    for (kind, count) in [
        ("inclusion", 98),
        ("consistency", 98),
        ("subtreeinclusion", 204),
        ("subtreeconsistency", 118),
    ] {
        let files = files(&folder("rfc6962").join(kind));
        assert_eq!(files.len(), count, "{kind}");
        for file in files {
            let case = Case(serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap());
            let wanted = !case.0["wantErr"].as_bool().unwrap();
            if case.is_unreadable() {
                assert!(!wanted, "{}", file.display());
                unreadable += 1;
                continue;
            }
            assert_eq!(case.accepted(kind), wanted, "{}", file.display());
            if wanted { accepted += 1 } else { refused += 1 }
        }
    }
    assert_eq!((accepted, refused, unreadable), (36, 479, 3));
}
