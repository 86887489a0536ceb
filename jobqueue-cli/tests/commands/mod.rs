//! Every command, as table and as JSON.

mod acl;
mod bench;
mod drawn;
mod emails;
mod flows;
mod health;
mod jobs;
mod letters;
mod looks;
mod many;
mod mistakes;
mod noted;
mod paper;
mod schedules;
mod settings;
mod steer;
mod stops;
mod top;
mod topics;
mod work;
